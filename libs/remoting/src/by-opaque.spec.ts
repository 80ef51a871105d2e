import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ByOpaque } from './by-opaque.js';

interface Waiting {
  readonly opaque: number;
}

/** Asks take the opaques in their order and leave some out; answers come to any that waits, or to none. */
type Step = { readonly ask: number } | { readonly answer: number } | { readonly stray: number };

const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ ask: fc.nat(3) }) },
    { weight: 4, arbitrary: fc.record({ answer: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ stray: fc.nat(200) }) },
  ),
  { maxLength: 400 },
);

const sorted = (all: readonly Waiting[]): number[] => all.map(({ opaque }) => opaque).sort((a, b) => a - b);

describe('requests by opaque', () => {
  it('are found, taken once and listed as in a map, whoever of them waits for long', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(1, 0x7fffff00), (all: readonly Step[], first) => {
        const [table, map] = [new ByOpaque<Waiting>(), new Map<number, Waiting>()];
        let next = first;
        for (const step of all) {
          if ('ask' in step) {
            const waiting = { opaque: (next += 1 + step.ask) & 0x7fffffff };
            table.add(waiting);
            map.set(waiting.opaque, waiting);
          } else {
            const known = 'answer' in step ? [...map.keys()][step.answer % map.size] : undefined;
            const opaque = known ?? ('stray' in step ? first + step.stray : 0);
            expect(table.get(opaque)).toBe(map.get(opaque));
            expect(table.take(opaque)).toBe(map.get(opaque));
            map.delete(opaque);
          }
          expect(table.all()).toHaveLength(map.size);
        }
        expect(sorted(table.all())).toEqual(sorted([...map.values()]));
        table.clear();
        expect(table.all()).toEqual([]);
      }),
    );
  });

  it('that wait while a million others come and go are still there', () => {
    const table = new ByOpaque<Waiting>();
    const held = { opaque: 1 };
    table.add(held);
    for (let opaque = 2; opaque < 1_000_000; opaque++) {
      table.add({ opaque });
      table.take(opaque);
    }
    expect(table.all()).toEqual([held]);
    expect(table.take(1)).toBe(held);
    expect(table.all()).toEqual([]);
  });
});
