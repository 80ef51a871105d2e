import { describe, expect, it } from '@jest/globals';
import { StatusError } from '@halfmq/remoting';
import { changedAttributes } from './group-attributes.js';

const BOUND = { 'lite.bind.topic': 'chats', other: 'kept' };

describe('attributes of a group', () => {
  it('are added, replaced and taken away by signs; the others stay', () => {
    expect(changedAttributes(BOUND, { '+lite.sub.model': 'Exclusive', '-lite.bind.topic': '' })).toEqual({
      other: 'kept',
      'lite.sub.model': 'Exclusive',
    });
    expect(changedAttributes(BOUND, {})).toEqual(BOUND);
  });

  it('are all there are where they come without signs', () => {
    expect(changedAttributes(BOUND, { 'lite.sub.client.quota': '-1' })).toEqual({
      'lite.sub.client.quota': '-1',
    });
  });

  it.each([
    ['lite.bind.topic', 'a b'],
    ['lite.sub.model', 'exclusive'],
    ['lite.sub.client.quota', '-2'],
    ['lite.sub.reset.offset.exclusive', 'yes'],
  ])('%s is not %j', (key, value) => {
    expect(() => changedAttributes({}, { [`+${key}`]: value })).toThrow(StatusError);
  });
});
