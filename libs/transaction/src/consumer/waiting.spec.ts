import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ReceivedMessage } from '../message.js';
import type { TakenMessage } from './taken-message.js';
import { InAnyOrder, InOrder } from './waiting.js';

const KEYS = ['a', 'b', 'c'];

function taken(offset: number, reconsumeTimes = 0): TakenMessage {
  const message = { reconsumeTimes, messageId: KEYS[offset % KEYS.length] } as Partial<ReceivedMessage>;
  return { offset, bytes: 1, physicalOffset: offset, message: message as ReceivedMessage };
}

function keyOf({ message }: TakenMessage): string {
  return message.messageId;
}

const offsetsOf = (messages: readonly TakenMessage[]): number[] => messages.map(({ offset }) => offset);

describe('messages that wait in the order of their keys', () => {
  const step = fc.record({
    what: fc.constantFrom('pull', 'hand out', 'finish', 'fail'),
    which: fc.nat(),
    most: fc.integer({ min: 1, max: 4 }),
  });

  it('are handed out one key after the other, nothing of a key twice at once, none passed over', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const waiting = new InOrder(keyOf);
        const out: TakenMessage[][] = [];
        const next = new Map(KEYS.map((key, index) => [key, index]));
        let pulled = 0;
        for (const { what, which, most } of steps) {
          const [chosen] = out.splice(
            which % Math.max(out.length, 1),
            what === 'finish' || what === 'fail' ? 1 : 0,
          );
          if (what === 'pull') waiting.add(Array.from({ length: most }, () => taken(pulled++)));
          else if (what === 'hand out') {
            const { ready } = waiting;
            const got = waiting.next(most);
            expect(got.length > 0).toBe(ready);
            const [first] = got;
            if (!first) continue;
            const key = keyOf(first);
            expect(out.flat().map(keyOf)).not.toContain(key);
            expect(offsetsOf(got)).toEqual(
              got.map((_one, index) => (next.get(key) ?? 0) + index * KEYS.length),
            );
            out.push(got);
          } else if (what === 'finish') {
            for (const one of chosen ?? []) {
              waiting.finished(one);
              next.set(keyOf(one), one.offset + KEYS.length);
            }
          } else if (chosen) waiting.putBack(chosen);
        }
        // what is not handed out now and not waiting for its turn is done: nothing was lost
        for (const one of out.splice(0)) waiting.putBack(one);
        const rest: number[] = [];
        for (let got = waiting.next(1); got.length > 0; got = waiting.next(1)) {
          rest.push(...offsetsOf(got));
          for (const one of got) waiting.finished(one);
        }
        const owed = KEYS.flatMap((key, index) =>
          Array.from({ length: pulled }, (_none, offset) => offset).filter(
            (offset) => offset % KEYS.length === index && offset >= (next.get(key) ?? 0),
          ),
        );
        expect([...rest].sort((a, b) => a - b)).toEqual(owed.sort((a, b) => a - b));
      }),
    );
  });

  it('a part of what was handed out together may be finished and the rest come again', () => {
    const waiting = new InOrder(() => 'one key');
    waiting.add([taken(0), taken(1), taken(2), taken(3)]);
    const [zero, one, two] = waiting.next(3);
    if (!zero || !one || !two) throw new Error('three expected');
    waiting.finished(zero);
    expect(waiting.ready).toBe(false);
    waiting.putBack([taken(1, 1), two]);
    expect(offsetsOf(waiting.next(3))).toEqual([1]);
    waiting.finished(one);
    expect(offsetsOf(waiting.next(3))).toEqual([2, 3]);
  });
});

describe.each([
  ['in no order', () => new InAnyOrder()],
  ['in order', () => new InOrder(() => '')],
])('messages that wait %s', (_name, make) => {
  it('are handed out together, but one that has failed before alone', () => {
    const waiting = make();
    waiting.add([taken(0), taken(1), taken(2, 1), taken(3)]);
    const handed: number[][] = [];
    for (let got = waiting.next(8); got.length > 0; got = waiting.next(8)) {
      handed.push(offsetsOf(got));
      for (const one of got) waiting.finished(one);
    }
    expect(handed).toEqual([[0, 1], [2], [3]]);
  });

  it('are forgotten together', () => {
    const waiting = make();
    waiting.add([taken(0), taken(1)]);
    const [first] = waiting.next(1);
    waiting.clear();
    if (first) waiting.finished(first);
    expect([waiting.ready, waiting.next(1)]).toEqual([false, []]);
  });
});
