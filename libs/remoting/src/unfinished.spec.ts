import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from './clock.js';
import type { Command } from './command.js';
import { decodeFrame, encodeFrame, FrameSplitter } from './frame.js';
import { HandlerTable } from './handlers.js';
import { silentLog, type Log } from './log.js';
import { getRouteinfoByTopic } from './requests/index.js';
import { RemotingServer } from './server.js';
import { STATUS } from './status.js';
import { Unfinished } from './unfinished.js';

const KiB = 1024;
const SHARE = 1024 * KiB;

describe('frames that do not become whole', () => {
  const cleanups: (() => unknown)[] = [];
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (message) => warnings.push(message) };
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    warnings.length = 0;
  });

  async function serve(): Promise<number> {
    const handlers = new HandlerTable().add(getRouteinfoByTopic, ({ topic }) => ({
      status: 'OK',
      remark: topic,
    }));
    const unfinished = new Unfinished(SHARE);
    const server = new RemotingServer({ clock: systemClock, log, handlers, unfinished });
    cleanups.push(() => server.close({ graceMs: 0 }));
    return server.listen(0, '127.0.0.1');
  }

  /** What a peer was answered until its connection ended, or one answer. */
  async function dial(port: number): Promise<{ socket: Socket; answer(): Promise<Command | 'ended'> }> {
    const socket = connect(port, '127.0.0.1');
    cleanups.push(() => socket.destroy());
    socket.on('error', () => undefined);
    const splitter = new FrameSplitter();
    let wake = (): void => undefined;
    socket.on('data', (chunk: Buffer) => (splitter.push(chunk), wake()));
    socket.on('close', () => wake());
    await once(socket, 'connect');
    return {
      socket,
      async answer() {
        for (;;) {
          const frame = splitter.next();
          if (frame) return decodeFrame(frame);
          if (socket.closed) return 'ended';
          await new Promise<void>((resolve) => (wake = resolve));
        }
      },
    };
  }

  const frame = (opaque: number, bytes: number, flag = 0): Buffer =>
    Buffer.concat(
      encodeFrame({ code: 105, opaque, flag, extFields: { topic: 'T' }, body: Buffer.alloc(bytes) }),
    );
  /** Written, and read by the other side: a request behind it on another connection is answered. */
  async function read(port: number, socket: Socket, bytes: Buffer): Promise<void> {
    await new Promise<void>((resolve) => void socket.write(bytes, () => resolve()));
    const other = await dial(port);
    other.socket.write(frame(1, 0));
    await other.answer();
  }

  it('are given up, the longest waiting first, when those of all connections keep more than their share', async () => {
    const port = await serve();
    const [first, second, third] = [await dial(port), await dial(port), await dial(port)];
    await read(port, first.socket, frame(7, 8192 * KiB).subarray(0, 400 * KiB));
    const whole = frame(8, 600 * KiB);
    await read(port, second.socket, whole.subarray(0, 500 * KiB));
    // each alone is far below the largest frame, and so are these two
    third.socket.write(frame(9, 8192 * KiB).subarray(0, 300 * KiB));
    const refused = await first.answer();
    expect(refused).toMatchObject({ opaque: 7, code: STATUS.SYSTEM_BUSY.code });
    expect((refused as Command).remark).toMatch(
      /^\[OVERLOAD\]unfinished requests keep more than 1048576 bytes/,
    );
    expect(await first.answer()).toBe('ended');
    expect(warnings).toHaveLength(1);
    // who goes on is served as ever
    second.socket.write(whole.subarray(500 * KiB));
    expect(await second.answer()).toMatchObject({ opaque: 8, code: 0, remark: 'T' });
  });

  it('end without an answer when not even their header has come, or nobody waits for one', async () => {
    const port = await serve();
    const header = Buffer.alloc(700 * KiB);
    header.writeInt32BE(8192 * KiB, 0);
    header.writeInt32BE(4096 * KiB, 4);
    const [headless, oneWay, third] = [await dial(port), await dial(port), await dial(port)];
    await read(port, headless.socket, header);
    await read(port, oneWay.socket, frame(8, 8192 * KiB, 2).subarray(0, 600 * KiB));
    expect(await headless.answer()).toBe('ended');
    await read(port, third.socket, frame(9, 8192 * KiB).subarray(0, 600 * KiB));
    expect(await oneWay.answer()).toBe('ended');
  });

  it('count no more when they are whole, or their connection is gone', async () => {
    const port = await serve();
    for (let i = 0; i < 4; i++) {
      const peer = await dial(port);
      const whole = frame(i, 700 * KiB);
      await read(port, peer.socket, whole.subarray(0, 600 * KiB));
      peer.socket.write(whole.subarray(600 * KiB));
      expect(await peer.answer()).toMatchObject({ opaque: i, code: 0 });
      const leaving = await dial(port);
      await read(port, leaving.socket, whole.subarray(0, 600 * KiB));
      leaving.socket.end();
      expect(await leaving.answer()).toBe('ended');
    }
    expect(warnings).toEqual([]);
  });
});
