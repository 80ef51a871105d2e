import * as zlib from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { SysFlag } from './codes.js';
import { compressBody, CompressionError, inflateBody } from './compression.js';

const BODY = Buffer.from('a message body, '.repeat(500));
const nodeHasZstd = 'zstdCompressSync' in zlib;

describe('a compressed body', () => {
  it.each(['ZLIB', 'LZ4'] as const)('comes out as it went in: %s', (type) => {
    const { body, sysFlag } = compressBody(BODY, type);
    expect(body.length).toBeLessThan(BODY.length / 10);
    expect(inflateBody({ body, sysFlag })).toEqual(BODY);
  });

  it('is zlib when the client named no type, as before 4.9.4', () => {
    expect(inflateBody({ body: zlib.deflateSync(BODY), sysFlag: SysFlag.COMPRESSED })).toEqual(BODY);
  });

  it('is a frame with the magic number of LZ4, for other languages to read', () => {
    expect(compressBody(BODY, 'LZ4').body.readUInt32LE(0)).toBe(0x184d2204);
  });

  it('needs no inflating without the bit, whatever the type bits say', () => {
    expect(inflateBody({ body: BODY, sysFlag: SysFlag.COMPRESSION_LZ4 })).toBe(BODY);
  });

  it('of zstd is read where Node can, and elsewhere said so', () => {
    const inflate = (): Buffer => {
      const { body, sysFlag } = compressBody(BODY, 'ZSTD');
      return inflateBody({ body, sysFlag });
    };
    if (nodeHasZstd) expect(inflate()).toEqual(BODY);
    else expect(inflate).toThrow('zstd needs Node 22.15 or newer');
  });

  it.each(['ZLIB', 'LZ4'] as const)('of more than 64 MiB is refused: %s', (type) => {
    const { body, sysFlag } = compressBody(Buffer.alloc(64 * 1024 * 1024 + 1), type);
    expect(() => inflateBody({ body, sysFlag })).toThrow(CompressionError);
  });

  it.each([0, 1, 2 ** 16, 2 ** 16 + 1, 2 ** 22, 2 ** 22 + 1])(
    'of %i bytes that do not compress is read',
    (size) => {
      const noise = Buffer.from(Array.from({ length: size }, (_, at) => (at * 2_654_435_761) >>> 13));
      const { body, sysFlag } = compressBody(noise, 'LZ4');
      expect(inflateBody({ body, sysFlag }).equals(noise)).toBe(true);
    },
  );

  it.each([
    ['zlib', SysFlag.COMPRESSED],
    ['lz4', SysFlag.COMPRESSED | SysFlag.COMPRESSION_LZ4],
    ['compression type 5', SysFlag.COMPRESSED | 0x500],
  ])('that is damaged names %s', (name, sysFlag) => {
    const inflate = (): Buffer => inflateBody({ body: Buffer.from('nonsense'), sysFlag });
    expect(inflate).toThrow(CompressionError);
    expect(inflate).toThrow(name);
  });
});
