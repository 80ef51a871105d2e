import { expect, test } from '@jest/globals';
import { mergeJourneys } from './journey.js';

const at = (ms: number): Date => new Date(1_700_000_000_000 + ms);

test('the steps of an order come in the order of time, across services', () => {
  const ways = mergeJourneys([
    {
      service: 'order',
      rows: [
        { order_id: 'a', effect: 'placed', message_id: null, at: at(0) },
        { order_id: 'a', effect: 'confirmed', message_id: 'm2', at: at(20) },
      ],
    },
    { service: 'stock', rows: [{ order_id: 'a', effect: 'reserved', message_id: 'm1', at: at(10) }] },
  ]);
  expect(ways.get('a')?.map(({ service, effect }) => `${service} ${effect}`)).toEqual([
    'order placed',
    'stock reserved',
    'order confirmed',
  ]);
});

test('steps of one database within one millisecond keep their order', () => {
  const row = (effect: string) => ({ order_id: 'a', effect, message_id: null, at: at(0) });
  const ways = mergeJourneys([{ service: 'order', rows: [row('first'), row('second'), row('third')] }]);
  expect(ways.get('a')?.map(({ effect }) => effect)).toEqual(['first', 'second', 'third']);
});
