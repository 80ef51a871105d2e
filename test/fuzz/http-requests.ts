import { gzipSync } from 'node:zlib';
import type { Random } from '../power/random.js';
import { CALLS, post, type Call } from './http-calls.js';
import { INTACT_TOPIC } from './intact.js';
import { DOCUMENTS, junk } from './words.js';

/** One request as bytes, and what was done to it. */
export interface HttpPiece {
  readonly what: string;
  readonly bytes: Buffer;
  /** the other side can see where it ends, and has to answer */
  readonly whole: boolean;
  /** of a message that must arrive */
  readonly intact?: string;
}

type Mutation = (random: Random, call: Call) => HttpPiece;

const OVER_LIMIT = 9 * 1024 * 1024;

const MUTATIONS: readonly (readonly [share: number, what: string, mutate: Mutation])[] = [
  [8, 'as it is', (_, call) => whole(call)],
  [
    14,
    'members of another kind',
    (random, call) => whole({ ...call, document: otherMembers(random, call.document) }),
  ],
  [
    8,
    'another document',
    (random, call) => withBody(call, Buffer.from(DOCUMENTS[random.below(DOCUMENTS.length)] ?? '')),
  ],
  [4, 'members twice', (_, call) => withBody(call, Buffer.from(twice(call.document)))],
  [6, 'an odd path', oddPath],
  [
    4,
    'another method',
    (random, call) => whole({ ...call, method: random.of(['DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE']) }),
  ],
  [
    4,
    'another content type',
    (random, call) =>
      whole(call, [
        `content-type: ${random.of(['text/plain', 'application/xml', 'application/json; charset=utf-7', 'application/json; charset', '', 'multipart/form-data'])}`,
      ]),
  ],
  [
    3,
    'encoded',
    (random, call) =>
      withBody(call, random.chance(0.5) ? gzipSync(textOf(call.document)) : Buffer.from('no gzip'), [
        'content-encoding: gzip',
      ]),
  ],
  [
    1,
    'a bomb of zeros',
    (_, call) => withBody(call, gzipSync(Buffer.alloc(OVER_LIMIT * 2, 0x20)), ['content-encoding: gzip']),
  ],
  [
    3,
    'many headers',
    (random, call) =>
      broken(
        call,
        Array.from({ length: 300 }, (_, n) => `x-${n}: ${'v'.repeat(random.below(500))}`),
      ),
  ],
  [
    3,
    'broken headers',
    (random, call) =>
      broken(call, [
        random.of([
          'no colon',
          ': no name',
          'a\u0000b: c',
          'x: \u0001',
          ' folded: x',
          'content-length: -1',
          'content-length: 1e9',
          'transfer-encoding: nonsense',
          'host: a\r\nhost: b',
        ]),
      ]),
  ],
  [
    3,
    'no HTTP',
    (random) =>
      part(
        Buffer.from(
          random.of([
            '\r\n\r\n',
            'GET\r\n\r\n',
            'GET / HTTP/9.9\r\n\r\n',
            '\u0000\u0000\u0000\u0010',
            `GET /${'a'.repeat(90_000)} HTTP/1.1\r\n\r\n`,
            'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
          ]),
        ),
      ),
  ],
  [
    3,
    'chunks that are none',
    (random, call) =>
      chunked(
        call,
        random.of(['zz\r\n{}\r\n0\r\n\r\n', '2\r\n{}{}\r\n0\r\n\r\n', 'fffffffffffff\r\n{}', '-1\r\n{}\r\n']),
      ),
  ],
  [2, 'less than was said', (random, call) => cut(random, whole(call).bytes)],
];

const WEIGHED = MUTATIONS.flatMap(([share, what, mutate]) =>
  Array.from({ length: share }, () => ({ what, mutate })),
);
const SHARE_OF_LARGE = 1 / 300;
const SHARE_OF_INTACT = 1 / 12;

export function httpPiece(random: Random, intactBody: () => string): HttpPiece {
  if (random.chance(SHARE_OF_INTACT)) {
    const body = intactBody();
    return { ...whole(post(`topics/${INTACT_TOPIC}/messages`, { body })), what: 'a message', intact: body };
  }
  const call = random.of(CALLS)(random);
  const name = `${call.method} ${call.path}`;
  if (random.chance(SHARE_OF_LARGE))
    return { ...withBody(call, Buffer.alloc(OVER_LIMIT, 0x5b)), what: `${name}: too large` };
  const { what, mutate } = WEIGHED[random.below(WEIGHED.length)] ?? WEIGHED[0]!;
  return { ...mutate(random, call), what: `${name}: ${what}` };
}

const textOf = (document: object | undefined): string => (document ? JSON.stringify(document) : '');

function head({ method, path }: Call, headers: readonly string[]): string {
  return [`${method} ${path} HTTP/1.1`, 'host: broker', 'connection: close', ...headers, '', ''].join('\r\n');
}

function whole(call: Call, headers: readonly string[] = ['content-type: application/json']): HttpPiece {
  const body = Buffer.from(textOf(call.document));
  const lengths = body.length > 0 ? [`content-length: ${body.length}`] : [];
  return {
    what: '',
    bytes: Buffer.concat([Buffer.from(head(call, [...headers, ...lengths])), body]),
    whole: true,
  };
}

function withBody(call: Call, body: Buffer, headers: readonly string[] = []): HttpPiece {
  const all = ['content-type: application/json', `content-length: ${body.length}`, ...headers];
  return { what: '', bytes: Buffer.concat([Buffer.from(head(call, all)), body]), whole: true };
}

const part = (bytes: Buffer): HttpPiece => ({ what: '', bytes, whole: false });

const broken = (call: Call, headers: readonly string[]): HttpPiece =>
  part(Buffer.from(head({ ...call, document: undefined }, headers), 'latin1'));

const chunked = (call: Call, body: string): HttpPiece =>
  part(Buffer.from(head(call, ['content-type: application/json', 'transfer-encoding: chunked']) + body));

const cut = (random: Random, bytes: Buffer): HttpPiece => part(bytes.subarray(0, random.below(bytes.length)));

function oddPath(random: Random, call: Call): HttpPiece {
  const odd = random.of([
    '%',
    '%zz',
    '%00',
    '%c0%ae',
    '..%2f..',
    '%F0%9F%98%80',
    '\u0080',
    't'.repeat(300),
    '*',
    "'",
    '__proto__',
    '%20',
  ]);
  const [path = '', query = ''] = call.path.split('?');
  const steps = path.split('/');
  steps[1 + random.below(steps.length - 1)] = odd;
  const queries = [
    '',
    `?${query}`,
    `?${query}&limit=x`,
    '?a[b]=1&a[c][]=2',
    `?${'a=1&'.repeat(3_000)}`,
    '?__proto__[x]=1&state=none',
    '?limit=-1&cursor=x&topic=&topic=b',
  ];
  const asked = {
    ...call,
    path: random.chance(0.6) ? steps.join('/') : path + (queries[random.below(queries.length)] ?? ''),
  };
  return { ...whole(asked), bytes: Buffer.from(whole(asked).bytes.toString(), 'latin1') };
}

function otherMembers(random: Random, document: object = {}): object {
  const members: Record<string, unknown> = { ...document };
  const names = Object.keys(members);
  for (let left = 1 + random.below(2); left > 0; left--) {
    const name = random.chance(0.1) ? 'more' : (names[random.below(names.length)] ?? 'body');
    if (random.chance(0.2)) delete members[name];
    else
      members[name] = random.of([
        null,
        -1,
        1e308,
        0.5,
        true,
        [],
        {},
        [[]],
        [null],
        { a: {} },
        junk(random, name),
        [junk(random, name)],
      ]);
  }
  // one that waits does so for seconds
  if (typeof members['waitMs'] === 'number' && members['waitMs'] > 50) delete members['waitMs'];
  return members;
}

function twice(document: object = {}): string {
  const text = JSON.stringify(document);
  return text === '{}' ? '{"a":1,"a":2}' : `${text.slice(0, -1)},${text.slice(1)}`;
}
