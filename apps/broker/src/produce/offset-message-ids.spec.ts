import { expect, test } from '@jest/globals';
import { encodeOffsetMessageId, parseHost } from '@halfmq/remoting';
import fc from 'fast-check';
import { OffsetMessageIds } from './offset-message-ids.js';

test.each(['192.168.0.7:10911', '[fd00::1]:10911'])('ids of %s are what the codec makes', (address) => {
  const host = parseHost(address);
  const ids = new OffsetMessageIds(host);
  fc.assert(
    fc.property(fc.array(fc.maxSafeNat()), (offsets) => {
      for (const offset of [...offsets, 0, 4095, 4096, 2 ** 24 - 1, 2 ** 24, Number.MAX_SAFE_INTEGER])
        expect(ids.of(offset)).toBe(encodeOffsetMessageId(host, offset));
    }),
  );
});
