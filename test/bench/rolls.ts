/**
 * What a send waits for while segments are rolled under it. `node test/dist/bench/rolls.js [seconds]`: 2,000 sends of
 * 1 KiB a second into segments of 4 MiB, about one roll in two seconds; latencies from the append to its answer.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '@halfmq/store';
import { TOPIC, workMessage, workOptions } from '../kit/store-work.js';

const A_SECOND = 2000;
const [, , seconds = '20'] = process.argv;
const path = mkdtempSync(join(tmpdir(), 'halfmq-rolls-'));
const store = await openStore(workOptions(path, { segmentBytes: 4 * 1024 * 1024 }));
const body = 'x'.repeat(1024);
const took: number[] = [];
let failed = 0;

const began = performance.now();
const wanted = A_SECOND * Number(seconds);
for (let sent = 0; sent < wanted;) {
  const due = Math.min(wanted, Math.floor(((performance.now() - began) / 1000) * A_SECOND));
  for (; sent < due; sent++) {
    // from when it was due: a loop that is late does not hide it
    const from = began + (sent / A_SECOND) * 1000;
    store.append([workMessage(TOPIC, sent % 4, body)], (error) => {
      if (error) failed++;
      else took.push(performance.now() - from);
    });
  }
  await new Promise((resolve) => setTimeout(resolve, 1));
}
await store.flush();
const rolls = readdirSync(join(path, 'log')).filter((name) => name.endsWith('.keys')).length;
await store.close();
rmSync(path, { recursive: true });

const sorted = took.toSorted((a, b) => a - b);
const at = (part: number): string => (sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(2);
process.stdout.write(
  `${took.length} sends, ${failed} failed, ${rolls} rolls; ms: p50 ${at(0.5)} p99 ${at(0.99)} p99.9 ${at(0.999)} max ${at(1)}\n`,
);
