/**
 * A process that works on a store below recorder.c until it ends or is killed.
 * Arguments: folder of the disk, flush mode, `apart` for segments elsewhere, seed, number of the last op, clock, turns, `killed` or `closed` at the end, `power` when
 * the machine was without since the store was closed.
 */
import { openSync, writeSync } from 'node:fs';
import { ManualClock } from '@halfmq/remoting/record';
import { openStore, type MessageStore } from '@halfmq/store';
import type { Note } from './promises.js';
import { Random } from './random.js';
import { newestIds, options, Workload } from './workload.js';

const [, , disk = '', mode, where, seed, n, now, turns, end, boot] = process.argv;
const flush = mode === 'SYNC_FLUSH' ? 'SYNC_FLUSH' : 'ASYNC_FLUSH';
const shape = { flush, apart: where === 'apart' } as const;
const notes = openSync(process.env['HALFMQ_POWER_NOTES'] ?? '', 'w');
const say = (note: Note): void => void writeSync(notes, JSON.stringify(note));
const random = new Random(Number(seed));
const clock = new ManualClock(Number(now));

async function open(afterPowerLoss: boolean): Promise<MessageStore> {
  const store = await openStore(options(disk, clock, shape));
  const newest = newestIds(store);
  say({ say: 'opened', end: store.maxPhysicalOffset, sync: flush === 'SYNC_FLUSH', afterPowerLoss, newest });
  return store;
}

async function pause(store: MessageStore, work: Workload): Promise<void> {
  const roll = random.next();
  if (roll < 0.05) {
    const last = work.n;
    await store.flush();
    say({ say: 'flushed', n: last });
  } else if (roll < 0.1) await clock.advance(3000 + random.below(9000));
  else if (roll < 0.5) await clock.advance(random.below(600));
  else for (let turn = random.below(4); turn >= 0; turn--) await new Promise((next) => setImmediate(next));
}

async function work(): Promise<void> {
  let store = await open(boot === 'power');
  let workload = new Workload(store, clock, random, say, Number(n));
  const last = Number(turns);
  const reopening = random.chance(0.5) ? random.below(last) : -1;
  for (let turn = 0; turn < last; turn++) {
    workload.turn();
    await pause(store, workload);
    if (turn !== reopening) continue;
    await close(store, workload.n);
    store = await open(false);
    workload = new Workload(store, clock, random, say, workload.n);
  }
  if (end === 'closed') await close(store, workload.n);
  // by the recorder, between two of its steps
  else writeSync(notes, 'die');
}

async function close(store: MessageStore, last: number): Promise<void> {
  await store.close();
  say({ say: 'closed', n: last });
}

await work();
