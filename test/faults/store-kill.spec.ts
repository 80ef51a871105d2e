import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeRecords, type MessageRecord } from '@halfmq/remoting/record';
import { openStore, type MessageStore } from '@halfmq/store';
import { FINAL_TOPIC, TOPIC, workOptions } from '../kit/store-work.js';
import { until } from '../kit/until.js';

const PROGRAM = join(import.meta.dirname, '../dist/kit/store-process.js');

class Worker {
  readonly lines: string[] = [];
  errors = '';
  private readonly child: ChildProcess;

  constructor(path: string, flush: string) {
    this.child = spawn(process.execPath, [PROGRAM, path, flush], { stdio: ['ignore', 'pipe', 'pipe'] });
    if (this.child.stdout) {
      createInterface({ input: this.child.stdout }).on('line', (line) => this.lines.push(line));
    }
    this.child.stderr?.on('data', (text: Buffer) => (this.errors += text.toString()));
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Kills in mid-work and returns what was answered. */
  async kill(): Promise<string[]> {
    const gone = once(this.child, 'close');
    this.child.kill('SIGKILL');
    await gone;
    return this.lines;
  }

  async exit(): Promise<number | null> {
    const [code] = (await once(this.child, 'close')) as [number | null];
    return code;
  }
}

function records(store: MessageStore, topic: string, queueId: number): MessageRecord[] {
  const all: MessageRecord[] = [];
  for (let offset = 0; offset < store.maxOffset(topic, queueId);) {
    const result = store.read(topic, queueId, offset, { maxMessages: 1000, maxBytes: 4_000_000 });
    for (const piece of result.records) all.push(...decodeRecords(piece));
    offset = result.nextOffset;
  }
  return all;
}

function counts(bodies: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const body of bodies) found.set(body, (found.get(body) ?? 0) + 1);
  return found;
}

const bodiesOf = (from: readonly MessageRecord[]): string[] => from.map(({ body }) => body.toString());

/** Everything answered is there, once, and what was decided stays decided. */
function check(store: MessageStore, answered: readonly string[]): void {
  const queues = [0, 1, 2].map((queueId) => records(store, TOPIC, queueId));
  for (const queue of queues) {
    expect(queue.map(({ queueOffset }) => queueOffset)).toEqual(queue.map((_, index) => index));
  }
  const finals = counts(bodiesOf(records(store, FINAL_TOPIC, 0)));
  const delivered = counts(bodiesOf(records(store, FINAL_TOPIC, 1)));
  expect([...finals.values(), ...delivered.values()].every((count) => count === 1)).toBe(true);
  const waiting = bodiesOf(
    store.delayed.due(Number.MAX_SAFE_INTEGER, 1e6).map(({ physicalOffset }) => {
      const [record] = decodeRecords(store.recordAt(physicalOffset) ?? Buffer.alloc(0));
      if (!record) throw new Error(`no record at ${physicalOffset}`);
      return record;
    }),
  );
  const waits = new Set(waiting);
  for (const body of waits) expect(delivered.has(body)).toBe(false);
  const lost = answered.filter((line) => {
    const [kind = '', a = '', b = '', body = ''] = line.split(' ');
    if (kind === 'stored') return queues[Number(a)]?.[Number(b)]?.body.toString() !== body;
    if (kind === 'half') return store.halves.find(Number(a)) === undefined;
    if (kind === 'waits') return !waits.has(line.slice(6)) && !delivered.has(line.slice(6));
    if (kind === 'delivered') return !delivered.has(line.slice(10));
    if (kind !== 'decided') return false;
    const verdict = store.halves.find(Number(a))?.verdict?.kind;
    return verdict !== b || finals.has(`final ${a}`) !== (b === 'commit');
  });
  expect(lost).toEqual([]);
}

describe('a store whose process is killed', () => {
  let path = '';
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'halfmq-kill-'));
  });
  afterEach(() => rmSync(path, { recursive: true, force: true }));

  it.each(['ASYNC_FLUSH', 'SYNC_FLUSH'])(
    'has everything that was answered, with %s',
    async (flush) => {
      const answered: string[] = [];
      for (let round = 0; round < 4; round++) {
        const worker = new Worker(path, flush);
        await until('it has worked', () => worker.lines.length > 300 + round * 100);
        answered.push(...(await worker.kill()));
        const store = await openStore(workOptions(path));
        check(store, answered);
        await store.close();
      }
    },
    60_000,
  );

  it('is refused to a second process while it lives, by one line that names it, and free when it was killed', async () => {
    const first = new Worker(path, 'ASYNC_FLUSH');
    await until('it is open', () => first.lines.includes('open'));
    const second = new Worker(path, 'ASYNC_FLUSH');
    expect(await second.exit()).toBe(3);
    expect(second.errors).toBe(
      `${path} is in use by process ${first.pid}: stop it, or give this broker a store folder of its own\n`,
    );
    await expect(openStore(workOptions(path))).rejects.toMatchObject({ kind: 'locked' });
    await first.kill();
    await (await openStore(workOptions(path))).close();
  }, 30_000);
});
