import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { run, type LoadResult } from './load.js';
import { freePort } from '../kit/ports.js';
import { cpuMicros, startServer, type Server } from './server.js';

/** What this machine can do at most, measured in the same run: the figures below are read as ratios to these. */

/** A process of its own that answers every frame with a small one: TCP, framing and the load generator alone. */
const ECHO = `
const { createServer } = require('node:net');
const answer = Buffer.alloc(180); answer.writeUInt32BE(176, 0); answer.writeUInt32BE(172, 4);
createServer((socket) => {
  socket.setNoDelay(true);
  let rest = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    let buffer = rest.length ? Buffer.concat([rest, chunk]) : chunk; let n = 0;
    while (buffer.length >= 4 && buffer.length >= 4 + buffer.readUInt32BE(0)) { buffer = buffer.subarray(4 + buffer.readUInt32BE(0)); n++; }
    rest = buffer;
    if (n) socket.write(Buffer.concat(Array(n).fill(answer)));
  });
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
`;

export async function echoLimit(
  frame: (sequence: number) => Buffer,
  shape: { connections: number; window: number; total: number },
): Promise<LoadResult & { readonly cpuMicrosEach: number }> {
  const child = spawn(process.execPath, ['-e', ECHO], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const port = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString().trim())));
    });
    const before = await cpuMicros(child.pid ?? 0);
    const result = await run({ host: '127.0.0.1', port, frame, ...shape });
    const used = (await cpuMicros(child.pid ?? 0)) - before;
    return { ...result, cpuMicrosEach: used / result.total };
  } finally {
    child.kill('SIGKILL');
  }
}

/** See skeleton.ts. Its log grows in `folder` until that is removed. */
export async function startSkeleton(
  folder: string,
  mode: 'async' | 'sync',
): Promise<{ server: Server; port: number }> {
  const port = await freePort();
  const script = new URL('./skeleton.js', import.meta.url).pathname;
  return { server: await startServer(script, [String(port), folder, mode], port), port };
}

/** Blocks of 256 KiB, one LMDB transaction each, no sync: MB a second and what that means for 1 KiB messages. */
export async function lmdbLimit(
  blocks: number,
): Promise<{ megabytesPerSecond: number; messagesPerSecond: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'halfmq-bench-'));
  const environment = open<Buffer, number>({
    path: join(folder, 'limit'),
    encoding: 'binary',
    pageSize: 4096,
    noSync: true,
    mapSize: 2 * 1024 ** 3,
    compression: false,
  });
  try {
    const block = Buffer.alloc(64 * 4096 - 24, 7);
    const begun = performance.now();
    for (let i = 0; i < blocks; i++) {
      environment.transactionSync(() => {
        void environment.put(i * block.length, block);
      });
    }
    const seconds = (performance.now() - begun) / 1000;
    const bytes = blocks * block.length;
    return { megabytesPerSecond: bytes / seconds / 1e6, messagesPerSecond: bytes / 1200 / seconds };
  } finally {
    await environment.close();
    await rm(folder, { recursive: true, force: true });
  }
}
