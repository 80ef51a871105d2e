import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BINARY_HEADER, JSON_HEADER, type SerializeType } from '../command.js';
import { decodeFrame, encodeFrame } from '../frame.js';
import { SendAnswerRegion, SendMessageAnswer } from './send-message-answer.js';

test('a send is answered with the same fields from its template, field by field, and in the binary header', () => {
  const texts = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(
      texts,
      fc.boolean(),
      fc.option(texts, { nil: undefined }),
      fc.nat(),
      (region, trace, key, at) => {
        const answer = new SendMessageAnswer(
          '7F00000100002A9F',
          3,
          at,
          key,
          new SendAnswerRegion(region, trace),
        );
        const read = (serializeType: SerializeType, extFields = answer.values()): unknown =>
          decodeFrame(
            Buffer.concat(encodeFrame({ code: 0, opaque: 1, flag: 1, serializeType, extFields })).subarray(4),
          ).extFields;
        const walked = read(JSON_HEADER);
        const head = encodeFrame({ code: 0, opaque: 1, flag: 1, extFields: answer });
        expect(decodeFrame(Buffer.concat(head).subarray(4)).extFields).toEqual(walked);
        const binary = encodeFrame({
          code: 0,
          opaque: 1,
          flag: 1,
          serializeType: BINARY_HEADER,
          extFields: answer,
        });
        expect(decodeFrame(Buffer.concat(binary).subarray(4)).extFields).toEqual(read(BINARY_HEADER));
      },
    ),
  );
});
