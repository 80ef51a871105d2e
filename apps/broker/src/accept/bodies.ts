import {
  BadRequestException,
  PayloadTooLargeException,
  UnsupportedMediaTypeException,
  type HttpException,
} from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';

/** bytes */
interface Limits {
  readonly message: number;
  readonly document: number;
}

/** base64 takes a third more, a text of quotes and line ends twice as much */
const documentLimit = (maxMessageSize: number): number => maxMessageSize * 2 + 128 * 1024;

type Decode = (
  bytes: Buffer,
  options: { readonly maxOutputLength: number },
  done: (error: NodeJS.ErrnoException | null, body: Buffer) => void,
) => void;
const DECODERS: ReadonlyMap<string, Decode> = new Map([
  ['gzip', gunzip],
  ['x-gzip', gunzip],
  ['deflate', inflate],
  ['br', brotliDecompress],
]);

const AS_IT_IS = 'identity';

type Done = (error: HttpException | null, body?: unknown) => void;

/**
 * What bodies this door takes: JSON documents, and where messages are sent any other kind as the message itself.
 * @param maxMessageSize bytes of a message's body; a document may be larger by what its encoding takes
 */
export function takeBodies(server: FastifyInstance, maxMessageSize: number): void {
  const limits = { message: maxMessageSize, document: documentLimit(maxMessageSize) };
  server.removeAllContentTypeParsers();
  server.addHook('onRequest', ({ raw }, _reply, done) => {
    const refusal = refusedBody(raw, limits);
    if (refusal || READ_BY_NOBODY.has(raw.method ?? '')) dropBody(raw, () => done(refusal));
    else done();
  });
  server.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: limits.document },
    (request, bytes: Buffer, done: Done) =>
      decoded(request, bytes, limits.document, (error, body) => (error ? done(error) : parsed(body, done))),
  );
  server.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: limits.message },
    (request, bytes: Buffer, done: Done) => decoded(request, bytes, limits.message, done),
  );
}

function decoded(
  request: FastifyRequest,
  bytes: Buffer,
  limit: number,
  done: (error: HttpException | null, body: Buffer) => void,
): void {
  const encoding = encodingOf(request);
  const decode = DECODERS.get(encoding);
  if (!decode) return done(null, bytes);
  decode(bytes, { maxOutputLength: limit }, (error, body) => {
    if (!error) return done(null, body);
    const isTooLarge = error.code === 'ERR_BUFFER_TOO_LARGE';
    const refusal = isTooLarge
      ? tooLarge(limit)
      : new BadRequestException(`the body is no ${encoding}: ${error.message}`);
    done(refusal, bytes);
  });
}

function parsed(bytes: Buffer, done: Done): void {
  const text = bytes.toString();
  if (text === '') return done(null, {});
  let document: unknown;
  try {
    document = JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
  } catch (error) {
    return done(new BadRequestException(error instanceof Error ? error.message : String(error)));
  }
  if (typeof document === 'object' && document !== null && !Array.isArray(document))
    return done(null, document);
  done(new BadRequestException('the body is JSON, and no object'));
}

/** Fastify reads no bodies of these. */
const READ_BY_NOBODY: ReadonlySet<string> = new Set(['GET', 'HEAD']);
/** of what is not wanted: whoever sends more is cut off */
const MOST_DROPPED = 64 * 1024 * 1024;

/** A connection that is closed while its client still writes is reset, and the answer lost: so the body is awaited. */
function dropBody(request: IncomingMessage, dropped: () => void): void {
  if (!hasBody(request) || lengthOf(request) > MOST_DROPPED) return dropped();
  let left = MOST_DROPPED;
  const done = (): void => {
    request.off('data', drop).off('end', done).off('close', done);
    dropped();
  };
  const drop = (piece: Buffer): void => {
    left -= piece.length;
    if (left < 0) done();
  };
  request.on('data', drop).on('end', done).on('close', done);
}

const hasBody = (request: IncomingMessage): boolean =>
  request.headers['transfer-encoding'] !== undefined || lengthOf(request) > 0;

/** Bytes as far as they are announced: nobody knows how many come in chunks. */
const lengthOf = ({ headers }: IncomingMessage): number => Number(headers['content-length'] ?? 0);

/** Before the body is read. What is no JSON would be read as nothing, and refused for what it lacks: curl -d sends a form. */
function refusedBody(request: IncomingMessage, limits: Limits): HttpException | undefined {
  if (!hasBody(request)) return undefined;
  const { headers } = request;
  const type = headers['content-type']?.toLowerCase() ?? '';
  const isDocument = JSON_DOCUMENT.test(type);
  if (!isDocument && !isRawMessage(request, type)) {
    const given = type === '' ? 'no type at all' : type;
    return new UnsupportedMediaTypeException(
      `the body is sent as ${given}: send JSON with the header content-type: application/json`,
    );
  }
  const limit = isDocument ? limits.document : limits.message;
  if (lengthOf(request) > limit) return tooLarge(limit);
  if (isDocument && OTHER_CHARSET.test(type))
    return new UnsupportedMediaTypeException(`the body is sent as ${type}: send JSON in UTF-8`);
  const encoding = encodingOf(request);
  if (encoding === AS_IT_IS || DECODERS.has(encoding)) return undefined;
  return new UnsupportedMediaTypeException(
    `the body's content-encoding is ${encoding}: send it as it is, or as gzip, deflate or br`,
  );
}

const encodingOf = ({ headers }: Pick<IncomingMessage, 'headers'>): string =>
  headers['content-encoding']?.toLowerCase() ?? AS_IT_IS;

const tooLarge = (limit: number): HttpException =>
  new PayloadTooLargeException(`the body is too large: it may have ${limit} bytes, by maxMessageSize`);

const BYTE_ORDER_MARK = '\ufeff';
const MESSAGES = /^\/v1\/topics\/[^/]+\/messages\/?(\?|$)/i;
/** what curl and PHP say of a body whose kind they were not told */
const FORM = /^(application\/x-www-form-urlencoded|multipart\/form-data)/;
const JSON_DOCUMENT = /^application\/json\s*(;|$)/;
const OTHER_CHARSET = /charset\s*=(?!\s*"?utf-?8"?\s*(;|$))/;

/** A message as it is, with all else in headers: a body of any kind but JSON, where messages are sent. */
function isRawMessage({ method, url }: IncomingMessage, type: string): boolean {
  return type !== '' && method === 'POST' && MESSAGES.test(url ?? '') && !FORM.test(type);
}
