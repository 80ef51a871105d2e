import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Progress } from './progress.js';

const messages = (from: number, count: number): { offset: number; bytes: number }[] =>
  Array.from({ length: count }, (_, index) => ({ offset: from + index, bytes: 10 }));

describe('the progress of a queue', () => {
  it('commits the first unfinished offset, however the others finish', () => {
    const progress = new Progress(100);
    expect(progress.committable).toBe(100);
    progress.pulled(messages(100, 3), 103);
    expect(progress).toMatchObject({ committable: 100, nextOffset: 103, count: 3, bytes: 30, span: 2 });
    progress.finished(101);
    expect(progress.committable).toBe(100);
    progress.finished(100);
    expect(progress.committable).toBe(102);
    progress.finished(102);
    expect(progress).toMatchObject({ committable: 103, count: 0, bytes: 0, span: 0 });
  });

  it('moves past what a filter left out', () => {
    const progress = new Progress(0);
    progress.pulled([], 800);
    expect(progress.committable).toBe(800);
    progress.pulled(messages(805, 1), 810);
    expect(progress.committable).toBe(805);
    progress.finished(805);
    expect(progress.committable).toBe(810);
  });

  it('never commits past an unfinished message, nor back', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(5))), (steps) => {
        const progress = new Progress(0);
        const open = new Set<number>();
        let next = 0;
        let before = 0;
        for (const [pulls, size] of steps) {
          if (pulls) {
            const found = messages(next, size);
            next += size;
            progress.pulled(found, next);
            for (const { offset } of found) open.add(offset);
          } else {
            const offset = [...open][size % Math.max(1, open.size)];
            if (offset === undefined) continue;
            progress.finished(offset);
            open.delete(offset);
          }
          expect(progress.committable).toBe(Math.min(next, ...open));
          expect(progress.committable).toBeGreaterThanOrEqual(before);
          expect(progress.bytes).toBe(open.size * 10);
          before = progress.committable;
        }
      }),
    );
  });
});
