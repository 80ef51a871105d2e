import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ConnectionOptions } from './connection-options.js';
import { DONE } from './connection.js';
import { decodeFrame, encodeFrame, FrameSplitter } from './frame.js';
import { HandlerTable } from './handlers.js';
import { silentLog } from './log.js';
import { ManualClock } from './manual-clock.js';
import type { RequestSpec } from './request-spec.js';
import {
  getBrokerClusterInfo,
  heartBeat,
  notification,
  pullMessage,
  recallMessage,
} from './requests/index.js';
import { TcpConnection } from './tcp-connection.js';

// a machine may be busy with other things
jest.setTimeout(30_000);

/** Stands for the kernel's end of a socket: keeps each write apart. */
class Kernel extends Duplex {
  readonly writes: Buffer[] = [];
  stuck = false;
  private release: (() => void) | undefined;

  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    this.accept([chunk], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error) => void): void {
    this.accept(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  private accept(chunks: Buffer[], done: (error?: Error) => void): void {
    this.writes.push(Buffer.concat(chunks));
    if (this.stuck) this.release = done;
    else done();
  }

  /** The other side reads again. */
  drain(): void {
    this.stuck = false;
    const { release } = this;
    this.release = undefined;
    release?.();
  }

  answers(): number[] {
    const splitter = new FrameSplitter();
    for (const write of this.writes) splitter.push(write);
    const opaques: number[] = [];
    for (let frame = splitter.next(); frame; frame = splitter.next()) opaques.push(decodeFrame(frame).opaque);
    return opaques;
  }
}

const turns = async (count = 3): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
};

const requests = (code: number, count: number, extFields = {}): Buffer =>
  Buffer.concat(
    Array.from({ length: count }, (_, i) => encodeFrame({ code, opaque: i + 1, flag: 0, extFields })).flat(),
  );

function connection(
  handlers: HandlerTable,
  options: Partial<ConnectionOptions> = {},
): { kernel: Kernel; connection: TcpConnection } {
  const kernel = new Kernel();
  const made = new TcpConnection(kernel as unknown as Socket, {
    clock: new ManualClock(),
    log: silentLog,
    handlers,
    ...options,
  });
  return { kernel, connection: made };
}

describe('a connection', () => {
  it('writes all answers of one turn at once, those of handlers that await nothing slow included', async () => {
    const handlers = new HandlerTable()
      .add(heartBeat, () => ({ status: 'OK', body: Buffer.alloc(10_000) }))
      .add(getBrokerClusterInfo, async () => {
        for (let hop = 0; hop < 10; hop++) await Promise.resolve();
        return DONE;
      });
    const { kernel } = connection(handlers);
    kernel.push(Buffer.concat([requests(34, 20), requests(106, 200), requests(34, 20)]));
    await turns();
    expect(kernel.answers()).toHaveLength(240);
    expect(kernel.writes).toHaveLength(1);
    kernel.push(requests(106, 5));
    await turns();
    expect(kernel.writes).toHaveLength(2);
    kernel.destroy();
  });

  it('takes only as many pulls at a time as their answers may fill its share of memory', async () => {
    let atOnce = 0;
    let most = 0;
    const handlers = new HandlerTable().add(pullMessage, async () => {
      most = Math.max(most, ++atOnce);
      await Promise.resolve();
      atOnce--;
      return { status: 'OK', body: Buffer.alloc(256 * 1024) };
    });
    const { kernel } = connection(handlers);
    kernel.stuck = true;
    const ext = { consumerGroup: 'g', topic: 'T', queueId: 0, queueOffset: 0, maxMsgNums: 32, sysFlag: 0 };
    kernel.push(requests(11, 100, { ...ext, commitOffset: 0, suspendTimeoutMillis: 0, subVersion: 0 }));
    await turns(20);
    expect(kernel.answers().length).toBeLessThan(40);
    expect(most).toBeLessThan(20);
    kernel.drain();
    await turns(50);
    expect(new Set(kernel.answers()).size).toBe(100);
    kernel.destroy();
  });

  it('tells when a body has left, so that its memory can be used again, and never when it did not', async () => {
    const left: number[] = [];
    let count = 0;
    const handlers = new HandlerTable().add(heartBeat, () => {
      const nth = ++count;
      return { status: 'OK', body: Buffer.alloc(10_000), written: () => left.push(nth) };
    });
    const { kernel, connection: one } = connection(handlers);
    kernel.push(requests(heartBeat.code, 2));
    await turns();
    expect(left).toEqual([1, 2]);
    kernel.stuck = true;
    kernel.push(requests(heartBeat.code, 1));
    await turns();
    kernel.push(requests(heartBeat.code, 1));
    await turns();
    expect(left).toEqual([1, 2]);
    kernel.drain();
    await turns();
    expect(left).toEqual([1, 2, 3, 4]);
    kernel.stuck = true;
    kernel.push(requests(heartBeat.code, 1));
    await turns();
    kernel.destroy();
    await one.gone;
    expect(left).toEqual([1, 2, 3, 4]);
  });

  describe('that gathers', () => {
    let clock: ManualClock;
    let kernel: Kernel;
    let send: () => void;
    let ask: () => void;
    beforeEach(() => {
      clock = new ManualClock();
      const made = connection(new HandlerTable(), { clock, gathers: true });
      kernel = made.kernel;
      const begin = <H>(spec: RequestSpec<H>, header: H): void => {
        made.connection.request(spec, header, undefined, { timeoutMs: 60_000 }).catch(() => undefined);
      };
      send = () => begin(recallMessage, { topic: 'T', recallHandle: 'handle' });
      ask = () =>
        begin(notification, { consumerGroup: 'g', topic: 'T', queueId: 0, pollTime: 1, bornTime: 1 });
    });
    afterEach(() => {
      kernel.destroy();
    });

    it('writes a send that is alone in the next turn', async () => {
      send();
      await turns(2);
      expect(kernel.answers()).toEqual([1]);
    });

    it('writes a request in the next turn while others are held', async () => {
      for (let i = 0; i < 3; i++) {
        ask();
        await turns(2);
      }
      expect(kernel.answers()).toEqual([1, 2, 3]);
    });

    it('writes together what is asked within a few turns, while a send waits for its answer', async () => {
      send();
      await turns(2);
      for (let i = 0; i < 4; i++) {
        send();
        await turns(2);
      }
      expect(kernel.writes).toHaveLength(1);
      await turns(12);
      expect(kernel.writes).toHaveLength(2);
      expect(kernel.answers()).toEqual([1, 2, 3, 4, 5]);
    });

    it('keeps nothing waiting when its turns take long', async () => {
      send();
      await turns(2);
      send();
      await turns(1);
      expect(kernel.writes).toHaveLength(1);
      await clock.advance(1);
      await turns(2);
      expect(kernel.answers()).toEqual([1, 2]);
    });
  });

  it('ends itself when the socket fails, and tells once', async () => {
    const { kernel, connection: failing } = connection(new HandlerTable());
    const reasons: string[] = [];
    failing.onClose((reason) => reasons.push(reason));
    const asked = failing.request(heartBeat, {}, undefined, { timeoutMs: 1_000 });
    kernel.destroy(new Error('read ECONNRESET'));
    await expect(asked).rejects.toMatchObject({ kind: 'closed' });
    await failing.gone;
    expect(reasons).toEqual(['read ECONNRESET']);
    expect(failing.oneWay(heartBeat, {})).toBe(false);
  });
});
