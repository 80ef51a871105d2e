import { connect } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { systemClock } from './clock.js';
import { decodeFrame, encodeFrame, FrameSplitter } from './frame.js';
import { HandlerTable } from './handlers.js';
import { silentLog } from './log.js';
import { heartBeat } from './requests/index.js';
import { RemotingServer } from './server.js';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Writes the request in two pieces, the second once `half` resolves; the body it was answered with. */
async function exchange(port: number, body: Buffer, half: Promise<unknown>): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1');
  cleanups.push(() => socket.destroy());
  const frame = Buffer.concat(encodeFrame({ code: heartBeat.code, opaque: 1, flag: 0, body }));
  const cut = Math.floor(frame.length / 2);
  socket.write(frame.subarray(0, cut));
  await half;
  socket.write(frame.subarray(cut));
  const splitter = new FrameSplitter();
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    splitter.push(chunk);
    const answer = splitter.next();
    if (answer) return decodeFrame(answer).body;
  }
  throw new Error('the server ended the connection');
}

test('what one connection reads does not reach what others have read: cut frames, and bodies kept by handlers', async () => {
  let all: () => void = () => undefined;
  const taken = new Promise<void>((resolve) => (all = resolve));
  let count = 0;
  const handlers = new HandlerTable().add(heartBeat, async (_, { body }) => {
    if (++count === 20) all();
    await taken;
    return { status: 'OK', body };
  });
  const server = new RemotingServer({ clock: systemClock, log: silentLog, handlers });
  cleanups.push(() => server.close({ graceMs: 0 }));
  const port = await server.listen(0, '127.0.0.1');
  let connected: () => void = () => undefined;
  const everybody = new Promise<void>((resolve) => (connected = resolve));
  const bodies = Array.from({ length: 20 }, (_, index) => Buffer.alloc(10 + index * 5_000, index + 1));
  const answers = bodies.map((body) => exchange(port, body, everybody));
  while (server.connections.size < bodies.length) await new Promise(setImmediate);
  connected();
  for (const [index, answer] of (await Promise.all(answers)).entries())
    expect(bodies[index]?.equals(answer)).toBe(true);
});
