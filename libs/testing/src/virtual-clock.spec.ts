import { describe, expect, it } from '@jest/globals';
import { every } from '@halfmq/remoting';
import { VirtualClock } from './virtual-clock.js';

interface Noting {
  readonly clock: VirtualClock;
  readonly notes: string[];
  readonly note: (what: string) => () => void;
  /** what the next times of settling say about changes */
  readonly changes: boolean[];
}

function clockThatNotes(): Noting {
  const notes: string[] = [];
  const changes: boolean[] = [];
  const clock = new VirtualClock(0, async () => {
    notes.push(`settled at ${clock.now()}`);
    return changes.shift() ?? false;
  });
  const note = (what: string) => () => void notes.push(`${what} at ${clock.now()}`);
  return { clock, notes, note, changes };
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

  it('does upkeep together, and the more rarely the longer nothing changes', async () => {
    const { clock, notes } = clockThatNotes();
    const moments: number[] = [];
    every(clock, 500, () => void moments.push(clock.now() / 1_000));
    await clock.advance(86_400_000);
    expect(moments.slice(0, 13)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]);
    expect(moments.slice(13)).toEqual(Array.from({ length: 22 }, (_, index) => 4096 + 3600 * (index + 1)));
    expect(notes).toHaveLength(moments.length + 1);
  });

  it('does upkeep at once when something has changed, and soon again', async () => {
    const { clock, notes, note, changes } = clockThatNotes();
    await clock.advance(3_000_000);
    notes.length = 0;
    clock.after(500, note('a'), true);
    changes.push(true, true);
    await clock.advance(0);
    expect(notes).toEqual(['settled at 3000000', 'a at 3000000', 'settled at 3000000']);
    clock.after(2_500, note('b'), true);
    await clock.advance(1_000_000);
    expect(notes).toContain('b at 3004000');
  });

  it('lets judge who was silent after all had their chance to speak', async () => {
    const { clock, notes, note } = clockThatNotes();
    clock.after(10, note('silent?'), 'last');
    clock.after(20, note('here'), true);
    await clock.advance(1_000);
    expect(notes).toEqual([
      'settled at 0',
      'here at 1000',
      'settled at 1000',
      'silent? at 1000',
      'settled at 1000',
    ]);
  });

  it('does nothing any more once it is stopped', async () => {
    const { clock, notes, note } = clockThatNotes();
    clock.after(10, note('a'));
    clock.after(5, () => clock.stop());
    await clock.advance(20);
    expect(notes).toEqual(['settled at 0', 'settled at 5']);
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
