import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@halfmq/remoting';
import { Places } from './places.js';

describe('the places of addresses', () => {
  let clock: ManualClock;
  let places: Places;
  beforeEach(() => {
    clock = new ManualClock();
    places = new Places(clock);
  });

  /** @returns what became of so many, as far as it is known */
  function enter(name: string, count: number): (boolean | 'waits')[] {
    const all = Array.from({ length: count }, (): boolean | 'waits' => 'waits');
    for (const nth of all.keys())
      void Promise.resolve(places.enter(name)).then((mayGo) => (all[nth] = mayGo));
    return all;
  }
  const waiting = (all: readonly (boolean | 'waits')[]): number =>
    all.filter((one) => one === 'waits').length;
  const went = (all: readonly (boolean | 'waits')[]): number => all.filter((one) => one === true).length;

  it('are few for one that has not answered; what is beyond waits a second, then gives way', async () => {
    const silent = enter('silent', 20);
    await clock.advance(999);
    expect([went(silent), waiting(silent)]).toEqual([16, 4]);
    const other = enter('other', 1);
    await clock.advance(1);
    expect([went(silent), waiting(silent), went(other)]).toEqual([16, 0, 1]);
  });

  it('are all there is for one that answers', async () => {
    const quick = enter('quick', 60);
    await clock.advance(5);
    places.leave('quick', true);
    await clock.advance(0);
    expect(went(quick)).toBe(60);
    await clock.advance(900);
    await clock.advance(0);
    const later = enter('quick', 30);
    await clock.advance(0);
    expect(went(later)).toBe(30);
  });

  it('become few again when it falls silent, and free ones go to who waits', async () => {
    const first = enter('a', 17);
    places.leave('a', false);
    await clock.advance(0);
    expect(went(first)).toBe(17);
    places.leave('a', true);
    const all = enter('a', 40);
    await clock.advance(0);
    expect(went(all)).toBe(40);
    await clock.advance(1_000);
    const late = enter('a', 1);
    await clock.advance(1_000);
    expect(late).toEqual([false]);
  });

  it('are waited for by nobody any more when they are closed', async () => {
    const all = enter('a', 18);
    places.close();
    await clock.advance(0);
    expect([went(all), waiting(all)]).toEqual([16, 0]);
  });
});
