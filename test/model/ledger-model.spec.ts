import { describe, expect, it } from '@jest/globals';
import { live } from './lives.js';
import { findPlanted, PLANTS } from './planted.js';

/** Lives of these seeds have 2,000 steps in all; `npm run model` does a hundred thousand others. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7];

describe('real brokers beside the model of the ledger', () => {
  it('answer, show and ask as it does, whatever is done to them', async () => {
    let done = 0;
    for (const seed of SEEDS) {
      const lived = await live(seed);
      expect(lived.failure).toBeUndefined();
      done += lived.done;
    }
    expect(done).toBeGreaterThan(2_000);
  }, 60_000);

  it.each(PLANTS)('find $name', async (plant) => {
    expect(await findPlanted(plant, 1)).toBeDefined();
  });
});
