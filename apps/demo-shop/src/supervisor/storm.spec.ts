import { describe, expect, test } from '@jest/globals';
import { ManualClock } from '@halfmq/transaction';
import { Storm } from './storm.js';

function stormOf(strikes: () => boolean = () => true) {
  const clock = new ManualClock(0);
  let told = 0;
  const storm = new Storm(clock, strikes, () => told++);
  return { clock, storm, told: () => told };
}

describe('a storm of kills', () => {
  test('strikes at its pace until its time is over, and not once more', async () => {
    const { clock, storm } = stormOf();
    storm.start(10, 3_000);
    await clock.advance(9_500);
    expect(storm.view).toEqual({ endsAt: 10_000, kills: 3, running: true });
    await clock.advance(60_000);
    expect(storm.view).toEqual({ endsAt: 10_000, kills: 3, running: false });
  });

  test('counts what it has hit, not what was down already', async () => {
    let turn = 0;
    const { clock, storm } = stormOf(() => turn++ % 2 === 0);
    storm.start(10, 2_000);
    await clock.advance(10_000);
    expect(storm.view?.kills).toBe(3);
  });

  test('a second one replaces the first', async () => {
    const { clock, storm } = stormOf();
    storm.start(60, 1_000);
    await clock.advance(5_000);
    storm.start(2, 1_000);
    await clock.advance(60_000);
    expect(storm.view).toMatchObject({ kills: 2, running: false });
  });

  test('ends when it is stopped, and says so', async () => {
    const { clock, storm, told } = stormOf();
    storm.start(60, 1_000);
    const before = told();
    storm.stop();
    await clock.advance(60_000);
    expect(storm.view).toMatchObject({ kills: 0, running: false });
    expect(told()).toBe(before + 1);
  });
});
