import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { isOneWay } from './command.js';
import { EndReader } from './end-reader.js';
import { decodeFrame, FrameSplitter } from './frame.js';
import { endTransaction } from './requests/end-transaction.js';

// a machine may be busy with other things
jest.setTimeout(30_000);

/** Mostly the first, which is plain. */
function mostly<T>(plain: fc.Arbitrary<T>, other: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: plain, weight: 24 }, { arbitrary: other, weight: 1 });
}
const oneOf = (...texts: string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
const some = (text: fc.Arbitrary<string>): fc.Arbitrary<string | undefined> =>
  fc.option(text, { nil: undefined });
const ids = mostly(oneOf('7F00000100002A9F0000000000000001', 'K'), oneOf('', 'é', 'a"b', 'a\\b'));
const verdicts = fc.record({
  fields: fc.record({
    producerGroup: mostly(oneOf('group', 'g2'), oneOf('', 'é')),
    tranStateTableOffset: mostly(oneOf('0', '12345678901'), oneOf('', 'x', '-1')),
    commitLogOffset: mostly(oneOf('0', '98765432101'), oneOf('1.5')),
    commitOrRollback: mostly(oneOf('8', '12'), oneOf('0', '9', '2147483648')),
    msgId: ids,
    ...Object.fromEntries(
      Object.entries({
        transactionId: ids,
        topic: mostly(oneOf('Topic'), oneOf('é')),
        fromTransactionCheck: mostly(oneOf('true', 'false'), oneOf('TRUE', 'x')),
        bname: oneOf('broker'),
        z: oneOf('unknown'),
      }).map(([name, text]) => [name, some(text)]),
    ),
  }),
  code: mostly(fc.constant(37), fc.constantFrom(10, 310, 36)),
  flag: mostly(fc.constantFrom(0, 2), fc.constantFrom(1, 3, 4)),
  opaque: fc.nat(),
  more: mostly(oneOf('', ',"serializeTypeCurrentRPC":"JSON"'), oneOf(',"remark":"why"', ',"code":37')),
});

function frameOf(header: string): Buffer {
  const bytes = Buffer.from(header);
  const words = Buffer.alloc(8);
  words.writeInt32BE(4 + bytes.length);
  words.writeInt32BE(bytes.length, 4);
  return Buffer.concat([words, bytes]);
}

describe('the express lane of verdicts', () => {
  test('reads a plain verdict as the general way does, and leaves everything else to it', () => {
    const reader = new EndReader();
    let plain = 0;
    fc.assert(
      fc.property(verdicts, ({ fields, code, flag, opaque, more }) => {
        const frame = frameOf(
          `{"code":${code},"extFields":${JSON.stringify(fields)},"flag":${flag},"language":"JAVA","opaque":${opaque}${more},"version":479}`,
        );
        const splitter = new FrameSplitter();
        splitter.push(Buffer.concat([frame, frame]));
        splitter.next();
        const found = splitter.inOnePiece();
        if (!found || !reader.read(found)) return;
        plain++;
        const { verdict } = reader;
        const command = decodeFrame(frame.subarray(4));
        const header = endTransaction.decode(command.extFields ?? {});
        expect({ ...header, ...verdict.kept() }).toEqual(header);
        expect(verdict).toMatchObject({
          opaque,
          version: 479,
          oneWay: isOneWay(command),
          body: command.body,
        });
        expect([8, 12]).toContain(header.commitOrRollback);
        expect([flag, command.remark]).toEqual([command.flag, undefined]);
        expect(verdict.msgIdText.isAt(Buffer.from(`x${header.msgId}`), 1)).toBe(true);
        expect(verdict.msgIdText.isAt(Buffer.from(`y${header.msgId}`), 0)).toBe(header.msgId === '');
      }),
      { numRuns: 600 },
    );
    expect(plain).toBeGreaterThan(50);
  });
});
