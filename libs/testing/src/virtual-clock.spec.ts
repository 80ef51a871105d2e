import { describe, expect, it } from '@jest/globals';
import { VirtualClock } from './virtual-clock.js';

function clockThatNotes(): { clock: VirtualClock; notes: string[]; note: (what: string) => () => void } {
  const notes: string[] = [];
  const clock = new VirtualClock(0, async () => void notes.push(`settled at ${clock.now()}`));
  const note = (what: string) => () => void notes.push(`${what} at ${clock.now()}`);
  return { clock, notes, note };
}

describe('the virtual clock', () => {
  it('stands still until it is advanced, then stops at each moment that something is due', async () => {
    const { clock, notes, note } = clockThatNotes();
    clock.after(20, note('b'));
    clock.after(10, note('a'));
    clock.after(31, note('c'));
    expect(clock.now()).toBe(0);
    await clock.advance(30);
    const expected = ['settled at 0', 'a at 10', 'settled at 10', 'b at 20', 'settled at 20'];
    expect(notes).toEqual(expected);
    expect(clock.now()).toBe(30);
  });

  it('fires what is due at one moment in the order of being set, unless one cancels another', async () => {
    const { clock, notes, note } = clockThatNotes();
    clock.after(10, note('a'));
    clock.after(10, () => cancel());
    const cancel = clock.after(10, note('b'));
    clock.after(10, note('c'));
    await clock.advance(10);
    expect(notes).toEqual(['settled at 0', 'a at 10', 'c at 10', 'settled at 10']);
  });

  it('does upkeep together, once a minute', async () => {
    const { clock, notes, note } = clockThatNotes();
    await clock.advance(4_000);
    clock.after(500, note('a'), true);
    clock.after(5_000, note('b'), true);
    clock.after(31_000, note('c'), true);
    await clock.advance(60_000);
    expect(notes.filter((what) => !what.startsWith('settled'))).toEqual([
      'c at 35000',
      'a at 60000',
      'b at 60000',
    ]);
  });

  it('gives each of several advances its turn', async () => {
    const { clock, note, notes } = clockThatNotes();
    clock.after(15, note('a'));
    await Promise.all([clock.advance(10), clock.advance(10)]);
    expect(clock.now()).toBe(20);
    expect(notes).toContain('a at 15');
  });

  it('passes by itself when it is free, and what was set before comes to its end', async () => {
    const { clock } = clockThatNotes();
    const ended = new Promise<void>((resolve) => clock.after(5, resolve));
    clock.free();
    await ended;
    await new Promise<void>((resolve) => clock.after(1, resolve));
    expect(clock.now()).toBeGreaterThan(0);
  });
});
