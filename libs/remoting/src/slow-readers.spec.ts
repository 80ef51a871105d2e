import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, it, jest } from '@jest/globals';
import { encodeFrame } from './frame.js';
import { HandlerTable } from './handlers.js';
import { silentLog } from './log.js';
import { ManualClock } from './manual-clock.js';
import { pullMessage } from './requests/index.js';
import { Unread } from './socket-writer.js';
import { TcpConnection } from './tcp-connection.js';

// a machine may be busy with other things
jest.setTimeout(30_000);

const ANSWER = 256 * 1024;
const MiB = 1024 * 1024;

/** Stands for the kernel's end of a socket whose other side reads, or does not. */
class Kernel extends Duplex {
  taken = 0;

  constructor(private readonly reads: boolean) {
    super();
  }

  override _read(): void {}

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error) => void): void {
    this.taken += chunks.reduce((sum, { chunk }) => sum + chunk.length, 0);
    if (this.reads) setImmediate(done);
  }
}

describe('connections that are not read from', () => {
  const pull = Buffer.concat(
    encodeFrame({
      code: pullMessage.code,
      opaque: 1,
      flag: 0,
      extFields: {
        consumerGroup: 'g',
        topic: 'T',
        queueId: 0,
        queueOffset: 0,
        maxMsgNums: 32,
        sysFlag: 0,
        commitOffset: 0,
        suspendTimeoutMillis: 0,
        subVersion: 0,
      },
    }),
  );
  const body = Buffer.alloc(ANSWER);
  const unread = new Unread();

  function connect(kernel: Kernel): TcpConnection {
    const handlers = new HandlerTable().add(pullMessage, () => ({ status: 'OK', body }));
    return new TcpConnection(kernel as unknown as Socket, {
      clock: new ManualClock(),
      log: silentLog,
      handlers,
      unread,
    });
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  }

  it('keep a share of memory together, however many they are; those that are read from go on', async () => {
    const slow = Array.from({ length: 60 }, () => new Kernel(false));
    for (const kernel of slow) connect(kernel);
    for (let round = 0; round < 40; round++) {
      for (const kernel of slow) kernel.push(pull);
      await new Promise((resolve) => setImmediate(resolve));
    }
    // each may have an answer more than its share
    expect(unread.bytes).toBeGreaterThan(60 * MiB);
    expect(unread.bytes).toBeLessThan(64 * MiB + 60 * (ANSWER + 4096));
    const fast = new Kernel(true);
    connect(fast);
    for (let each = 0; each < 100; each++) fast.push(pull);
    await until(() => fast.taken > 100 * ANSWER);
    for (const kernel of slow) kernel.destroy();
    await until(() => unread.bytes === 0);
    fast.destroy();
  });

  it('what can wait is not made for them before they read again', async () => {
    const kernel = new Kernel(false);
    const connection = connect(kernel);
    const made: number[] = [];
    for (let each = 0; each < 20; each++) kernel.push(pull);
    await until(() => !connection.writable);
    connection.whenWritable(() => made.push(1));
    await new Promise((resolve) => setImmediate(resolve));
    expect(made).toEqual([]);
    kernel.destroy();
    await connection.gone;
    connection.whenWritable(() => made.push(2));
    expect(made).toEqual([]);
  });
});
