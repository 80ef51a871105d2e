import { describe, expect, it } from '@jest/globals';
import { changeAttributes } from './topic-attributes.js';

describe('attributes of a topic', () => {
  it('adds and removes what may change, under bare names', () => {
    expect(changeAttributes(undefined, '+message.type=FIFO')).toEqual({ 'message.type': 'FIFO' });
    expect(changeAttributes({ 'message.type': 'FIFO' }, '+message.type=DELAY')).toEqual({
      'message.type': 'DELAY',
    });
    expect(changeAttributes({ 'message.type': 'FIFO' }, '-message.type')).toEqual({});
    expect(changeAttributes(undefined, '+lite.topic.expiration=-1')).toEqual({
      'lite.topic.expiration': '-1',
    });
    expect(changeAttributes({ 'message.type': 'FIFO' }, undefined)).toEqual({ 'message.type': 'FIFO' });
  });

  it.each([
    ['+colour=red', 'unsupported key'],
    ['+constructor=red', 'unsupported key'],
    ['+message.type=PURPLE', 'expected UNSPECIFIED'],
    ['+lite.topic.expiration=43201', 'expected -1 to 43200'],
    ['+lite.topic.expiration=soon', 'expected -1 to 43200'],
    ['-message.type', 'of a key that is set'],
    ['message.type=FIFO', 'unsupported key'],
  ])('refuses %s', (change, why) => {
    expect(() => changeAttributes(undefined, change)).toThrow(why);
  });

  it('refuses to change what a queue is made of', () => {
    expect(() => changeAttributes({ 'queue.type': 'SimpleCQ' }, '+queue.type=SimpleCQ')).toThrow(
      'unchangeable',
    );
  });
});
