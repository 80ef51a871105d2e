import { describe, expect, it } from '@jest/globals';
import { InTurn } from './in-turn.js';

/** How much each of the queues a, b and c has. */
type Waiting = Record<string, number>;

/** Who is served, until nobody has anything. */
function served(queues: InTurn<string>, waiting: Waiting): string {
  let order = '';
  for (;;) {
    const next = queues.first((queue) => ((waiting[queue] ?? 0) > 0 ? queue : undefined));
    if (next === undefined) return order;
    waiting[next] = (waiting[next] ?? 0) - 1;
    order += next;
  }
}

function abc(): InTurn<string> {
  const queues = new InTurn<string>();
  for (const queue of 'abc') queues.add(queue);
  return queues;
}

describe('queues in turn', () => {
  it('are each served once a round: a long one does not starve the others', () => {
    expect(served(abc(), { a: 6, b: 2, c: 3 })).toBe('abcabcacaaa');
  });

  it('go on with the one behind that which was served last', () => {
    const queues = abc();
    expect(served(queues, { b: 1 })).toBe('b');
    expect(served(queues, { a: 2, c: 2 })).toBe('caca');
  });

  it('are those that were added and not removed', () => {
    const queues = abc();
    queues.remove('b');
    queues.add('d');
    expect(served(queues, { a: 1, b: 1, c: 1, d: 1 })).toBe('acd');
    for (const queue of 'acd') queues.remove(queue);
    expect(served(queues, { a: 1 })).toBe('');
  });
});
