import { createServer, type ServerHttp2Stream } from 'node:http2';
import { answerFrame } from '../kit/grpc-client.js';

/**
 * `node test/dist/bench/grpc-canned.js PORT`: answers every ReceiveMessage with the same 32 messages of 1 KiB and every
 * AckMessage with the same words, by the HTTP/2 of Node.js, and reads nothing: what it, sockets and the load generator cost.
 */
const [, , port = '0'] = process.argv;
const BATCH = 32;
const OK = { code: 'OK', message: 'OK' };
const TIME = { seconds: '1790000000', nanos: 0 };
const HANDLE = 'orders 0 12345678 1790000000000 30000 0 broker-a';

const message = (nth: number): object => ({
  topic: { name: 'orders' },
  systemProperties: {
    tag: 'TagA',
    keys: [`order-${nth}`],
    messageId: `01000000000000000000000000000000${nth + 10}`,
    bodyDigest: { type: 'MD5', checksum: 'D41D8CD98F00B204E9800998ECF8427E' },
    bodyEncoding: 'IDENTITY',
    messageType: 'NORMAL',
    bornTimestamp: TIME,
    bornHost: '127.0.0.1:51234',
    storeTimestamp: TIME,
    storeHost: '127.0.0.1:10911',
    receiptHandle: `${HANDLE} ${nth}`,
    queueId: 0,
    queueOffset: String(1_000_000 + nth),
    deliveryAttempt: 1,
  },
  body: Buffer.alloc(1_024, 'x'),
});

const nths = Array.from({ length: BATCH }, (_, nth) => nth);
const ANSWERS: Readonly<Record<string, Buffer>> = {
  Telemetry: answerFrame('Telemetry', { settings: {} }),
  ReceiveMessage: Buffer.concat([
    answerFrame('ReceiveMessage', { status: OK }),
    ...nths.map((nth) => answerFrame('ReceiveMessage', { message: message(nth) })),
    answerFrame('ReceiveMessage', { deliveryTimestamp: TIME }),
  ]),
  AckMessage: answerFrame('AckMessage', {
    status: OK,
    entries: nths.map((nth) => ({ status: OK, messageId: String(nth), receiptHandle: `${HANDLE} ${nth}` })),
  }),
};
const HEADERS = { ':status': 200, 'content-type': 'application/grpc' };

const server = createServer({ settings: { initialWindowSize: 1024 * 1024 } });
server.on('stream', (stream: ServerHttp2Stream, headers) => {
  const method = String(headers[':path']).split('/').at(-1) ?? '';
  stream.on('error', () => undefined);
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.respond(HEADERS, { waitForTrailers: true });
  stream.resume();
  if (method === 'Telemetry') stream.once('data', () => stream.write(ANSWERS[method]));
  else stream.once('end', () => stream.end(ANSWERS[method]));
});
server.listen(Number(port), '127.0.0.1');
