import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Campaign } from './campaign.js';
import { grown } from './growth.js';
import { findPlanted, PLANTS } from './planted.js';
import { startTarget, type Target } from './target.js';

const SEED = 1;
const FRAMES = 1_000;
/** The others take longer to be found: `npm run fuzz` tries them all. */
const QUICK = PLANTS.filter(({ mistake }) => ['silent', 'dies', 'loses', 'spoils'].includes(mistake));

describe('nonsense on every door', () => {
  let target: Target;
  beforeAll(async () => {
    target = await startTarget();
  });
  afterAll(() => target?.close());

  it('is answered or ended, harms nobody, and leaves nothing behind', async () => {
    const options = { seed: SEED, frames: FRAMES, limitMs: 15_000, most: 5, print: () => undefined };
    const campaign = new Campaign(target, options);
    expect(await campaign.run()).toEqual([]);
    expect(campaign.messages).toBeGreaterThan(10);
  }, 60_000);

  it('from a broker with a mistake is found out', async () => {
    const found = await Promise.all(QUICK.map((plant) => findPlanted(plant, SEED, target)));
    expect(QUICK.filter((_, n) => found[n] === undefined).map(({ name }) => name)).toEqual([]);
  }, 60_000);
});

describe('memory', () => {
  const MIB = 2 ** 20;

  it('that goes up and down has not grown, nor has a heap that finds its size', () => {
    expect(grown([80, 160, 90, 170, 85, 160, 90, 165, 88].map((size) => size * MIB))).toBeUndefined();
    expect(grown([60, 120, 180, 200, 205, 203, 204, 206, 205].map((size) => size * MIB))).toBeUndefined();
  });

  it('that is larger each time has', () => {
    expect(grown([100, 120, 140, 160, 180, 200, 220, 240, 260].map((size) => size * MIB))).toBe(60 * MIB);
  });
});
