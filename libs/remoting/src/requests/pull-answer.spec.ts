import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BINARY_HEADER, JSON_HEADER } from '../command.js';
import { decodeFrame, encodeFrame } from '../frame.js';
import { PullAnswer } from './pull-answer.js';
import { pullMessageResponse } from './pull-message.js';

test('a pull is answered with the same fields from its template and in the binary header', () => {
  const offset = fc.maxSafeNat();
  fc.assert(
    fc.property(offset, offset, offset, (next, min, max) => {
      const extFields = new PullAnswer(next, min, max);
      for (const serializeType of [JSON_HEADER, BINARY_HEADER]) {
        const frame = encodeFrame({ code: 0, opaque: 1, flag: 1, serializeType, extFields });
        const read = decodeFrame(Buffer.concat(frame).subarray(4)).extFields ?? {};
        expect(pullMessageResponse.decode(read)).toMatchObject({
          suggestWhichBrokerId: 0,
          nextBeginOffset: next,
          minOffset: min,
          maxOffset: max,
        });
      }
    }),
  );
});
