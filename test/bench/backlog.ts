import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStore, type MessageStore, type NewMessage } from '@halfmq/store';
import { workMessage, workOptions } from '../kit/store-work.js';
import type { Opened } from './backlog-open.js';

/**
 * What a long backlog costs: a store is filled and closed, a fresh process opens it and pulls from the oldest on, beside
 * another that opens an empty one.
 *
 *   node test/dist/bench/backlog.js --messages 10000000 --body 100 [--queues 1] [--path FOLDER]
 *
 * Messages go round the queues one by one. A folder that is named is kept, and filled only as far as it is not.
 */

const TOPIC = 'backlog';
/** Messages of one append, appends of one group: what a busy broker finds in one turn. */
const BATCH = 64;
const BATCHES = 16;
const OPENS = 5;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    body: { type: 'string', default: '100' },
    queues: { type: 'string', default: '1' },
    path: { type: 'string' },
  },
});
const wanted = Number(values.messages);
const body = 'x'.repeat(Number(values.body));
const queues = Number(values.queues);
const longest = Number.MAX_SAFE_INTEGER;
const options = (path: string) =>
  workOptions(path, { retentionMs: longest, segmentBytes: 256 * 1024 * 1024 });

const held = (store: MessageStore): number =>
  Array.from({ length: queues }, (_, queueId) => store.maxOffset(TOPIC, queueId)).reduce((a, b) => a + b, 0);

function group(store: MessageStore, batch: readonly NewMessage[]): Promise<void> {
  return new Promise((resolve, reject) => {
    for (let each = 0; each < BATCHES; each++) store.append(batch, (error) => error && reject(error));
    store.append(batch, (error) => (error ? reject(error) : resolve()));
  });
}

/** @returns messages a second; of what was missing */
async function fill(path: string): Promise<number> {
  const store = await openStore(options(path));
  const batch = Array.from({ length: BATCH }, (_, each) => workMessage(TOPIC, each % queues, body));
  const missing = wanted - held(store);
  const begun = performance.now();
  while (held(store) < wanted) await group(store, batch);
  await store.close();
  return (missing / (performance.now() - begun)) * 1000;
}

function diskBytes(path: string): number {
  const files = readdirSync(path, { recursive: true }).map((name) => statSync(join(path, String(name))));
  return files.reduce((sum, file) => sum + (file.isFile() ? file.blocks * 512 : 0), 0);
}

function openElsewhere(path: string, pulls: number): Opened {
  const script = new URL('backlog-open.js', import.meta.url).pathname;
  const output = execFileSync(process.execPath, ['--expose-gc', script, path, TOPIC, String(pulls)]);
  return JSON.parse(output.toString()) as Opened;
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

function report(name: string, path: string, pulls: number): void {
  const opens = Array.from({ length: OPENS }, () => openElsewhere(path, pulls));
  const of = (pick: (each: Opened) => number): string => median(opens.map(pick)).toFixed(1);
  const times = opens.map(({ openMs }) => openMs.toFixed(1)).join(', ');
  console.log(`${name}: open ${of(({ openMs }) => openMs)} ms (${times})`);
  console.log(`  memory ${of(({ rssMiB }) => rssMiB)} MiB, of it own ${of(({ ownMiB }) => ownMiB)} MiB`);
  console.log(
    `  on disk ${(diskBytes(path) / 1e9).toFixed(3)} GB in ${readdirSync(join(path, 'log')).length} files`,
  );
  if (pulls > 0) console.log(`  pulls of 32 from the oldest: ${of(({ perSecond }) => perSecond)} messages/s`);
}

const temporary = values.path ? undefined : mkdtempSync(join(tmpdir(), 'halfmq-backlog-'));
const empty = mkdtempSync(join(tmpdir(), 'halfmq-empty-'));
try {
  const path = values.path ?? temporary ?? '';
  const isNew = !existsSync(join(path, 'store.json'));
  const rate = await fill(path);
  if (isNew) console.log(`filled with ${wanted} messages of ${body.length} B: ${rate.toFixed(0)} messages/s`);
  await (await openStore(options(empty))).close();
  report('empty store', empty, 0);
  report(`${wanted} messages`, path, Math.min(wanted, 1_000_000));
} finally {
  for (const each of [temporary, empty]) if (each) rmSync(each, { recursive: true, force: true });
}
