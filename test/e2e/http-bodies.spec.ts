import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { silentLog } from '@halfmq/remoting';
import { InProcessBroker } from '../kit/in-process.js';
import { freePort } from '../kit/ports.js';

const JSON_TYPE = 'application/json';
const DOCUMENT = JSON.stringify({ body: 'hello' });
/** what a document may have with messages of 4 KiB */
const LIMIT = 2 * 4_096 + 128 * 1024;

describe('bodies by HTTP', () => {
  let broker: InProcessBroker;
  /** what the broker has logged as an error */
  const complaints: string[] = [];
  beforeAll(async () => {
    const httpPort = String(await freePort());
    const log = { ...silentLog, error: (message: string) => void complaints.push(message) };
    broker = await InProcessBroker.start({ properties: { httpPort, maxMessageSize: '4096' }, log });
  });
  afterAll(() => broker.close());

  interface Answer {
    readonly offsetMessageId?: string;
    readonly detail?: string;
  }

  async function post(
    body: string | Uint8Array<ArrayBuffer> | ReadableStream,
    headers: Record<string, string>,
    path = '/v1/topics/bodies/messages',
  ): Promise<Answer & { status: number; type: string }> {
    const { httpPort } = broker.broker;
    const request = { method: 'POST', body, headers, duplex: 'half' as const };
    const response = await fetch(`http://127.0.0.1:${httpPort}${path}`, request);
    const type = response.headers.get('content-type') ?? '';
    return { ...((await response.json()) as Answer), status: response.status, type };
  }

  async function bodyOf({ offsetMessageId = '' }: Answer): Promise<unknown> {
    const shown = await fetch(`http://127.0.0.1:${broker.broker.httpPort}/v1/messages/${offsetMessageId}`);
    return ((await shown.json()) as { body?: unknown }).body;
  }

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('come as %s, too, documents and raw messages', async (encoding, compress) => {
    const document = await post(new Uint8Array(compress(DOCUMENT)), {
      'content-type': JSON_TYPE,
      'content-encoding': encoding,
    });
    const raw = await post(new Uint8Array(compress('raw')), {
      'content-type': 'text/plain',
      'content-encoding': encoding,
    });
    expect([await bodyOf(document), await bodyOf(raw)]).toEqual(['hello', 'raw']);
  });

  it.each([
    ['charset="UTF-8"', DOCUMENT],
    ['charset=utf8; v=1', DOCUMENT],
    ['charset = utf-8', DOCUMENT],
    ['v=1', `\ufeff${DOCUMENT}`],
  ])('are documents in UTF-8, with %s', async (parameters, text) => {
    const answer = await post(text, { 'content-type': `${JSON_TYPE}; ${parameters}` });
    expect([answer.status, await bodyOf(answer)]).toEqual([201, 'hello']);
  });

  const spaces = (bytes: number) => new Uint8Array(gzipSync(Buffer.alloc(bytes, ' ')));
  it.each([
    ['of another charset', DOCUMENT, `${JSON_TYPE}; charset=iso-8859-1`, {}, 415, 'send JSON in UTF-8'],
    [
      'of an unknown encoding',
      DOCUMENT,
      JSON_TYPE,
      { 'content-encoding': 'zstd' },
      415,
      'gzip, deflate or br',
    ],
    ['that are no gzip', DOCUMENT, JSON_TYPE, { 'content-encoding': 'gzip' }, 400, 'the body is no gzip'],
    ['that grow', spaces(LIMIT + 1), JSON_TYPE, { 'content-encoding': 'gzip' }, 413, `${LIMIT} bytes`],
    ['that grow, raw', spaces(4_097), 'text/plain', { 'content-encoding': 'gzip' }, 413, '4096 bytes'],
    ['that are a number', '5', JSON_TYPE, {}, 400, 'no object'],
    ['that are a list', '[{"body":"a"}]', JSON_TYPE, {}, 400, 'no object'],
  ])('are refused %s', async (_, body, type, headers, status, detail) => {
    const answer = await post(body, { 'content-type': type, ...headers });
    expect(answer).toMatchObject({ status, detail: expect.stringContaining(detail) });
  });

  it('are refused as soon as too much has come of one that does not say its length', async () => {
    const endless = new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(16_384)) });
    expect(await post(endless, { 'content-type': JSON_TYPE })).toMatchObject({ status: 413 });
  });

  it.each([
    ['POST', 413],
    ['GET', 200],
  ])('are waited for when nobody wants them, so that the answer to %s arrives', async (method, status) => {
    const body = Buffer.alloc(method === 'GET' ? 100_000 : 20_000_000, ' ');
    const path = method === 'GET' ? '/health' : '/v1/topics/bodies/messages';
    const socket = connect(Number(broker.broker.httpPort), '127.0.0.1');
    let answer = '';
    socket.on('data', (piece: Buffer) => (answer += piece.toString()));
    socket.write(
      `${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: ${JSON_TYPE}\r\n`,
    );
    socket.write(`content-length: ${body.length}\r\n\r\n`);
    socket.write(body);
    await once(socket, 'close');
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it('are no error of the broker when their sender leaves in the middle', async () => {
    const head = `POST /v1/topics/bodies/messages HTTP/1.1\r\nhost: x\r\ncontent-type: ${JSON_TYPE}\r\n`;
    const socket = connect(Number(broker.broker.httpPort), '127.0.0.1');
    await new Promise<void>(
      (written) => void socket.write(`${head}content-length: 99\r\n\r\n{`, () => written()),
    );
    const gone = once(socket, 'close');
    socket.destroy();
    await gone;
    // behind it on another connection: the door has seen the end of the first by then
    expect((await post(DOCUMENT, { 'content-type': JSON_TYPE })).status).toBe(201);
    expect(complaints).toEqual([]);
  });

  it('belong to a path that ends with a slash, too, in whatever case', async () => {
    const answer = await post(DOCUMENT, { 'content-type': JSON_TYPE }, '/V1/topics/bodies/messages/');
    expect(answer.status).toBe(201);
  });

  it.each([
    ['cannot be decoded', '/v1/topics/%zz/messages', 'not a valid url'],
    ['names something far too long', `/v1/topics/${'x'.repeat(4_000)}/messages`, '4000 characters'],
  ])('are refused with a problem document where the path %s', async (_, path, detail) => {
    const answer = await post(DOCUMENT, { 'content-type': JSON_TYPE }, path);
    expect(answer).toMatchObject({
      status: 400,
      type: expect.stringContaining('application/problem+json'),
      detail: expect.stringContaining(detail),
    });
  });
});
