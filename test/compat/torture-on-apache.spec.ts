import { describe, expect, it } from '@jest/globals';
import { blackBox } from '../torture/black-box.js';
import { start, type Make } from '../torture/started.js';
import { javaIsHere } from './java-clients.js';

const suite = javaIsHere() ? describe : describe.skip;
const TIMINGS = { timeoutMs: 3_000, intervalMs: 1_000, checks: 3 };
/** What every run finds on it, however its rounds of checks fall. */
const SURELY = [1, 2, 3, 4, 6, 8, 14, 15];

/** Numbers of the cases by how they ended. */
async function tried(make: Make): Promise<Map<string, number[]>> {
  const server = await start(make, TIMINGS);
  const found = new Map<string, number[]>();
  try {
    const { rows } = await blackBox({ ...TIMINGS, ...server, halves: 500 }, () => undefined);
    for (const { outcome, number } of rows) found.set(outcome, [...(found.get(outcome) ?? []), number]);
  } finally {
    await server.stop();
  }
  return found;
}

suite('the hard cases from outside', () => {
  it('hold on HalfMQ, and break on an unmodified Apache RocketMQ', async () => {
    const [ours, theirs] = await Promise.all([tried('halfmq'), tried('apache')]);
    expect([...ours.keys()].sort()).toEqual(['holds', 'not applicable']);
    expect(theirs.get('holds')).toContain(10);
    expect(theirs.get('breaks')).toEqual(expect.arrayContaining(SURELY));
  }, 300_000);
});
