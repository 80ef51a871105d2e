import { describe, expect, it } from '@jest/globals';
import { formatPlaces, parsePlaces } from './half-places.js';

describe('the id of a transaction that a proxy began', () => {
  it.each([['broker-a'], ['a broker. with ~ odd, letters %2E ü']])(
    'says where its half messages lie: at %s',
    (brokerName) => {
      const halves = ['orders', '%odd|topic'].map((topic, nth) => ({
        topic,
        place: { halfOffset: nth, physicalOffset: 2 ** 40 + nth, brokerName, uniqueKey: `KEY${nth}` },
      }));
      expect(parsePlaces(formatPlaces({ group: 'shop', halves }))).toEqual({ group: 'shop', halves });
    },
  );

  it.each([[''], ['o-7'], ['../..'], [Buffer.from('shop').toString('base64url')]])(
    'is not read out of %j',
    (id) => {
      expect(parsePlaces(id)).toBeUndefined();
    },
  );

  it('is not read out of one that was cut off', () => {
    const place = { halfOffset: 1, physicalOffset: 2, brokerName: 'a', uniqueKey: 'K' };
    const whole = Buffer.from(
      formatPlaces({ group: 'shop', halves: [{ topic: 't', place }] }),
      'base64url',
    ).toString();
    expect(parsePlaces(Buffer.from(`${whole} t 1.2`).toString('base64url'))).toBeUndefined();
  });
});
