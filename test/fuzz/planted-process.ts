/**
 * A broker with a mistake: a real one, behind a process that does something wrong.
 * node planted-process.js MISTAKE BROKER_PORT; says its port when it listens
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import {
  CommandFlag,
  decodeFrame,
  encodeFrame,
  FrameSplitter,
  ResponseCode,
  type Command,
} from '@halfmq/remoting';
import { INTACT_TOPIC } from './intact.js';
import type { Mistake } from './planted.js';

const [, , mistake, brokerPort] = process.argv as [string, string, Mistake, string];
const SOME = 6;
const KEPT_BYTES = 192 * 1024;
const kept: Buffer[] = [];
let messages = 0;
let answers = 0;

/** @returns what goes on to the broker */
function fromClient(frame: Buffer, client: Socket): Buffer | undefined {
  const isMessage = frame.includes(`"b":"${INTACT_TOPIC}"`);
  if (isMessage) messages++;
  const isOne = isMessage && messages % SOME === 0;
  if (mistake === 'dies' && messages === SOME) throw new Error('planted');
  if (mistake === 'leaks') kept.push(Buffer.alloc(KEPT_BYTES, 1));
  if (mistake === 'complains' && isOne)
    process.stderr.write('2026-01-31T12:00:00.000Z ERROR request failed\n');
  if (mistake === 'spoils' && isOne) frame[frame.length - 1] = 0;
  if (mistake !== 'loses' || !isOne) return frame;
  const extFields = { queueId: '0', queueOffset: '0' };
  client.write(
    Buffer.concat(
      encodeFrame({ code: 0, opaque: decodeFrame(frame).opaque, flag: CommandFlag.RESPONSE, extFields }),
    ),
  );
  return undefined;
}

/** @returns how often the client gets it */
function fromBroker({ code }: Command): number {
  if (mistake === 'silent' && code === ResponseCode.REQUEST_CODE_NOT_SUPPORTED) return 0;
  return mistake === 'repeats' && ++answers % SOME === 0 ? 2 : 1;
}

/** A length no frame has: the other side ends the connection, as it would have. */
const NO_FRAME = Buffer.alloc(4, 0xff);

/** Frame by frame, as long as they are frames. */
class Way {
  private readonly splitter = new FrameSplitter();
  private isLost = false;

  constructor(
    private readonly to: Socket,
    private readonly each: (frame: Buffer) => void,
  ) {}

  readonly take = (chunk: Buffer): void => {
    if (this.isLost) return;
    this.splitter.push(chunk);
    try {
      for (let frame = this.splitter.next(); frame; frame = this.splitter.next()) this.each(frame);
    } catch (error) {
      if (error instanceof Error && error.message === 'planted') throw error;
      this.isLost = true;
      this.to.write(NO_FRAME);
    }
  };
}

function withLength(frame: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(frame.length);
  return Buffer.concat([length, frame]);
}

const server = createServer({ allowHalfOpen: true }, (client) => {
  const broker = connect({ host: '127.0.0.1', port: Number(brokerPort), allowHalfOpen: true });
  const up = new Way(broker, (frame) => {
    const passed = fromClient(frame, client);
    if (passed) broker.write(withLength(passed));
  });
  const down = new Way(client, (frame) => {
    for (let left = fromBroker(decodeFrame(frame)); left > 0; left--) client.write(withLength(frame));
  });
  client.on('data', up.take).on('end', () => broker.end());
  broker.on('data', down.take).on('end', () => mistake === 'clings' || client.end());
  client.on('error', () => undefined).on('close', () => broker.destroy());
  broker.on('error', () => undefined).on('close', () => mistake === 'clings' || client.destroy());
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`);
});
// whoever started it has gone
process.stdin.on('end', () => process.exit(0)).resume();
