import { openStore } from '@halfmq/store';
import { processMemory } from '../kit/process-memory.js';
import { workOptions } from '../kit/store-work.js';

/** The other process of backlog.ts: opens a store, says what that cost, and pulls from the oldest on. */
export interface Opened {
  readonly openMs: number;
  /** resident memory after the open, the file's pages in the system's cache included */
  readonly rssMiB: number;
  /** of it what is this process's alone */
  readonly ownMiB: number;
  readonly perSecond: number;
}

function memoryMiB(field: string): number {
  return (processMemory('self', field) ?? 0) / 1024 / 1024;
}

const [, , path = '', topic = '', pulls = '0'] = process.argv;
const options = workOptions(path, {
  retentionMs: Number.MAX_SAFE_INTEGER,
  segmentBytes: 256 * 1024 * 1024,
});
const begun = performance.now();
const store = await openStore(options);
const openMs = performance.now() - begun;
globalThis.gc?.();
const rssMiB = memoryMiB('Rss');
const ownMiB = memoryMiB('Anonymous');

const pulling = performance.now();
let pulled = 0;
for (let offset = store.minOffset(topic, 0); pulled < Number(pulls);) {
  const { count, nextOffset } = store.read(topic, 0, offset, { maxMessages: 32, maxBytes: 256 * 1024 });
  if (count === 0) break;
  pulled += count;
  offset = nextOffset;
}
const perSecond = pulled === 0 ? 0 : (pulled / (performance.now() - pulling)) * 1000;
await store.close();
console.log(JSON.stringify({ openMs, rssMiB, ownMiB, perSecond } satisfies Opened));
