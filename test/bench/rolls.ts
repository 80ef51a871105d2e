/**
 * What a send waits for while segments are rolled under it: latencies from the append to its answer.
 *
 *   node test/dist/bench/rolls.js [seconds]         2,000 sends of 1 KiB a second into segments of 4 MiB, a roll each 2 s
 *   node test/dist/bench/rolls.js [seconds] full    as many as there are places, 1,024 under way, segments of the usual size
 *   node test/dist/bench/rolls.js [seconds] none    the same without a roll, to compare
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '@halfmq/store';
import { TOPIC, workMessage, workOptions } from '../kit/store-work.js';

const A_SECOND = 2000;
const UNDER_WAY = 1024;
const MIB = 1024 * 1024;
const SEGMENTS = { paced: 4 * MIB, full: 256 * MIB, none: 64 * 1024 * MIB };

const [, , seconds = '20', how = 'paced'] = process.argv;
if (!isHow(how) || !(Number(seconds) > 0)) throw new Error('usage: rolls.js [seconds] [paced|full|none]');
const path = mkdtempSync(join(tmpdir(), 'halfmq-rolls-'));
const store = await openStore(workOptions(path, { segmentBytes: SEGMENTS[how] }));
const body = 'x'.repeat(1024);
const took: number[] = [];
let failed = 0;
let underWay = 0;

const began = performance.now();
if (how === 'paced') await paced(A_SECOND * Number(seconds));
else await packed(began + Number(seconds) * 1000);
await store.flush();
const rolls = readdirSync(join(path, 'log')).filter((name) => name.endsWith('.keys')).length;
await store.close();
rmSync(path, { recursive: true });

const sorted = took.toSorted((a, b) => a - b);
const at = (part: number): string => (sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(2);
process.stdout.write(
  `${took.length} sends, ${failed} failed, ${rolls} rolls; ms: p50 ${at(0.5)} p99 ${at(0.99)} p99.9 ${at(0.999)} max ${at(1)}\n`,
);

/** From when each was due: a loop that is late does not hide it. */
async function paced(wanted: number): Promise<void> {
  for (let sent = 0; sent < wanted;) {
    const due = Math.min(wanted, Math.floor(((performance.now() - began) / 1000) * A_SECOND));
    for (; sent < due; sent++) send(sent, began + (sent / A_SECOND) * 1000);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function packed(until: number): Promise<void> {
  for (let sent = 0; performance.now() < until;) {
    for (const from = performance.now(); underWay < UNDER_WAY; sent++) send(sent, from);
    await new Promise((resolve) => void setImmediate(resolve));
  }
}

function send(nth: number, from: number): void {
  underWay++;
  store.append([workMessage(TOPIC, nth % 4, body)], (error) => {
    underWay--;
    if (error) failed++;
    else took.push(performance.now() - from);
  });
}

function isHow(text: string): text is keyof typeof SEGMENTS {
  return text in SEGMENTS;
}
