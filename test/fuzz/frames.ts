import { BINARY_HEADER, CommandFlag, encodeFrame } from '@halfmq/remoting';
import type { Random } from '../power/random.js';
import { draft, type Draft } from './requests.js';
import { DOCUMENTS, hex, junk, SPECIAL_NAMES } from './words.js';

/** What goes over the wire, and what was done to it. */
export interface Piece {
  readonly what: string;
  readonly bytes: Buffer;
  /** frames end here: the other side cannot know where the next one begins */
  readonly last?: boolean;
}

/** Over the broker's maxMessageSize (4 MiB), and over what any frame may have (16 MiB). */
const OVER_MESSAGE_LIMIT = 5 * 1024 * 1024;
const OVER_FRAME_LIMIT = 17 * 1024 * 1024;
const VERSION = 455;

type Mutation = (random: Random, request: Draft, opaque: number) => Piece;

/** Each so many times as often as it is written here. */
const WELL_FRAMED: readonly (readonly [share: number, what: string, mutate: Mutation])[] = [
  [20, 'as it is', (_, request, opaque) => framed(request, headerOf(request, opaque))],
  [12, 'a field left out', leaveOut],
  [16, 'fields of another kind', refill],
  [4, 'binary header', binary],
  [
    1,
    'binary header, bytes changed',
    (random, request, opaque) => damaged(random, binary(random, request, opaque)),
  ],
  [4, 'more fields than there are', addFields],
  [6, 'values that are no text', retype],
  [3, 'odd members of the header', oddMembers],
  [3, 'members twice', twice],
  [1, 'deep header', deep],
  [
    3,
    'bytes of the header changed',
    (random, request, opaque) => damaged(random, framed(request, headerOf(request, opaque))),
  ],
  [8, 'another body', otherBody],
  [4, 'unknown code', unknownCode],
  [3, 'flags', flagged],
  [2, 'long topic', longName],
];

const WEIGHED = WELL_FRAMED.flatMap(([share, what, mutate]) =>
  Array.from({ length: share }, () => ({ what, mutate })),
);

/** Few and large: they would be most of the time. */
const LARGE: readonly [Mutation, ...Mutation[]] = [
  (_, request, opaque) =>
    framed({ ...request, body: Buffer.alloc(OVER_MESSAGE_LIMIT, 0x79) }, headerOf(request, opaque)),
  (_, request, opaque) => {
    const fields = Object.fromEntries(Array.from({ length: 20_000 }, (_each, n) => [`field-${n}`, 'v']));
    return framed(request, headerOf({ ...request, fields: { ...request.fields, ...fields } }, opaque));
  },
  (_, request, opaque) => {
    const properties = 'k\u0001v\u0002'.repeat(100_000);
    return framed(
      request,
      headerOf({ ...request, fields: { ...request.fields, properties, i: properties } }, opaque),
    );
  },
];
const SHARE_OF_LARGE = 1 / 3_000;

/** After these nothing can be read any more. */
const LAST: readonly [readonly [string, Mutation], ...(readonly [string, Mutation])[]] = [
  ['random bytes', (random) => ended(randomBytes(random, 1 + random.below(300)))],
  ['a frame that ends in the middle', cut],
  ['a length that is no length', (random) => ended(word(random.of([-1, 0, 3, -(2 ** 31), 2 ** 31 - 1])))],
  [
    'a length over the limit',
    (random) => ended(Buffer.concat([word(OVER_FRAME_LIMIT), randomBytes(random, 64)])),
  ],
  [
    'a header longer than its frame',
    (_, request, opaque) => relabel(request, opaque, (length) => length + 100_000),
  ],
  [
    'a header that ends too early',
    (random, request, opaque) => relabel(request, opaque, (length) => random.below(length)),
  ],
  [
    'an unknown serialize type',
    (random, request, opaque) =>
      relabel(request, opaque, (length) => ((2 + random.below(100)) << 24) | length),
  ],
  ['an HTTP request', () => ended(Buffer.from('GET / HTTP/1.1\r\nHost: broker\r\n\r\n'))],
  [
    'a TLS hello',
    (random) =>
      ended(Buffer.concat([Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]), randomBytes(random, 200)])),
  ],
];

/** A request with something done to it; its length is right. */
export function frame(random: Random, opaque: number): Piece {
  const request = draft(random);
  if (random.chance(SHARE_OF_LARGE)) {
    return { ...random.of(LARGE)(random, request, opaque), what: `${request.name}: large` };
  }
  const { what, mutate } = WEIGHED[random.below(WEIGHED.length)]!;
  return { ...mutate(random, request, opaque), what: `${request.name}: ${what}` };
}

/** What a connection ends with. */
export function lastFrame(random: Random, opaque: number): Piece {
  const request = draft(random);
  const [what, mutate] = random.of(LAST);
  return { ...mutate(random, request, opaque), what: `${request.name}: ${what}`, last: true };
}

type Members = Record<string, unknown>;

function headerOf({ code, fields }: Draft, opaque: number, more: Members = {}): Members {
  return {
    code,
    language: 'JAVA',
    version: VERSION,
    opaque,
    flag: 0,
    serializeTypeCurrentRPC: 'JSON',
    extFields: fields,
    ...more,
  };
}

const framed = (request: Pick<Draft, 'body'>, header: Members): Piece =>
  lettered(JSON.stringify(header), request.body);

/** @param header JSON text, or what is meant for it */
function lettered(header: string, body: Buffer): Piece {
  const bytes = Buffer.from(header);
  return {
    what: '',
    bytes: Buffer.concat([word(4 + bytes.length + body.length), word(bytes.length), bytes, body]),
  };
}

const ended = (bytes: Buffer): Piece => ({ what: '', bytes, last: true });

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function leaveOut(random: Random, request: Draft, opaque: number): Piece {
  const fields = { ...request.fields };
  delete fields[nameIn(random, fields)];
  return framed(request, headerOf({ ...request, fields }, opaque));
}

function refill(random: Random, request: Draft, opaque: number): Piece {
  const fields = { ...request.fields };
  for (let left = 1 + random.below(3); left > 0; left--) {
    const name = nameIn(random, fields);
    fields[name] = junk(random, name);
  }
  return framed(request, headerOf({ ...request, fields }, opaque));
}

function binary(_: Random, request: Draft, opaque: number): Piece {
  const { code, fields, body } = request;
  const command = { code, opaque, flag: 0, extFields: fields, body, serializeType: BINARY_HEADER };
  return { what: '', bytes: Buffer.concat(encodeFrame(command)) };
}

function addFields(random: Random, request: Draft, opaque: number): Piece {
  const more = Object.fromEntries(
    Array.from({ length: random.below(40) }, () => [hex(random, 4), junk(random, 'more')]),
  );
  return framed(request, headerOf({ ...request, fields: { ...request.fields, ...more } }, opaque));
}

function retype(random: Random, request: Draft, opaque: number): Piece {
  const values = [null, 1, -1.5, 1e300, true, [], {}, ['a'], { a: { b: 1 } }, '☃'] as const;
  const extFields: Members = { ...request.fields, [nameIn(random, request.fields)]: random.of(values) };
  return framed(request, headerOf(request, opaque, { extFields }));
}

function oddMembers(random: Random, request: Draft, opaque: number): Piece {
  const odd = random.of<Members>([
    { code: String(request.code) },
    { code: request.code + 0.5 },
    { code: -request.code },
    { code: null },
    { version: -1 },
    { version: 'x' },
    { language: 7 },
    { language: 'NOBODY' },
    { flag: 1e99 },
    { opaque: -opaque },
    { opaque: String(opaque) },
    { extFields: null },
    { extFields: [] },
    { extFields: 'text' },
    { remark: { a: 1 } },
    { remark: '☃'.repeat(1_000) },
    { serializeTypeCurrentRPC: 'ROCKETMQ' },
    { more: [1, { a: null }] },
  ]);
  return framed(request, headerOf(request, opaque, odd));
}

function twice(random: Random, request: Draft, opaque: number): Piece {
  const text = JSON.stringify(headerOf(request, opaque));
  const again = random.of([
    `"code":${request.code}`,
    '"code":34',
    `"opaque":${opaque}`,
    '"extFields":{}',
    '"extFields":{"topic":"fuzz-1","topic":"fuzz-2"}',
    '"flag":0,"flag":0',
  ]);
  return lettered(
    `{${random.chance(0.5) ? `${again},${text.slice(1)}` : `${text.slice(1, -1)},${again}}`}`,
    request.body,
  );
}

function deep(random: Random, request: Draft, opaque: number): Piece {
  const depth = random.of([10, 300, 10_000]);
  const nest = random.chance(0.5)
    ? `${'['.repeat(depth)}${']'.repeat(depth)}`
    : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  const text = JSON.stringify(headerOf(request, opaque));
  return lettered(
    `${text.slice(0, -1)},${random.of(['"extFields"', '"more"', '"remark"'])}:${nest}}`,
    request.body,
  );
}

function otherBody(random: Random, request: Draft, opaque: number): Piece {
  const body = random.chance(0.3)
    ? changed(random, request.body)
    : Buffer.from(DOCUMENTS[random.below(DOCUMENTS.length)]!);
  return framed({ body }, headerOf(request, opaque));
}

function unknownCode(random: Random, request: Draft, opaque: number): Piece {
  const code = random.of([-1, 0, 9, 99, 9_999, 99_999, 2 ** 31 - 1, -(2 ** 31)]);
  return framed(request, headerOf({ ...request, code }, opaque));
}

function flagged(random: Random, request: Draft, opaque: number): Piece {
  const { RESPONSE, ONE_WAY } = CommandFlag;
  const flag = random.of([RESPONSE, ONE_WAY, RESPONSE | ONE_WAY, 4, -1, 2 ** 31 - 1]);
  return framed(request, headerOf(request, opaque, { flag }));
}

function longName(random: Random, request: Draft, opaque: number): Piece {
  const name = random.of(SPECIAL_NAMES);
  const fields = { ...request.fields };
  for (const field of ['topic', 'b', 'consumerGroup', 'a']) if (field in fields) fields[field] = name;
  return framed(request, headerOf({ ...request, fields }, opaque));
}

function cut(random: Random, request: Draft, opaque: number): Piece {
  const { bytes } = framed(request, headerOf(request, opaque));
  return ended(bytes.subarray(0, 1 + random.below(bytes.length - 1)));
}

/** The second word says something else of the header. */
function relabel(request: Draft, opaque: number, of: (length: number) => number): Piece {
  const { bytes } = framed(request, headerOf(request, opaque));
  bytes.writeInt32BE(of(bytes.readInt32BE(4)), 4);
  return ended(bytes);
}

/** The frame stays one: its two words are left alone. */
function damaged(random: Random, { bytes }: Piece): Piece {
  const length = bytes.readInt32BE(4) & 0xffffff;
  const header = changed(random, bytes.subarray(8, 8 + length), 2);
  return { what: '', bytes: Buffer.concat([bytes.subarray(0, 8), header, bytes.subarray(8 + length)]) };
}

function changed(random: Random, bytes: Buffer, most = 8): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.length === 0) return copy;
  for (let left = 1 + random.below(most); left > 0; left--)
    copy[random.below(copy.length)] = random.below(256);
  return copy;
}

function randomBytes(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = random.below(256);
  return bytes;
}

function nameIn(random: Random, fields: Readonly<Record<string, string>>): string {
  const names = Object.keys(fields);
  return names[random.below(names.length)] ?? 'topic';
}
