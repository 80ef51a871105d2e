import { createRequire } from 'node:module';
import * as zlib from 'node:zlib';
import { SysFlag } from './codes.js';
import { lz4UpperBound } from './lz4-bound.js';

export type CompressionType = 'ZLIB' | 'LZ4' | 'ZSTD';

/** A body that cannot be compressed or inflated here. */
export class CompressionError extends Error {
  override readonly name = 'CompressionError';
}

/** As RocketMQ's producers do. */
const ZLIB_LEVEL = 5;
/** Broker and clients refuse messages above 4 MiB; this is what a compressed one may come to. */
const MOST_INFLATED_BYTES = 64 * 1024 * 1024;

type Lz4 = typeof import('lz4-napi');
let loadedLz4: Lz4 | undefined;

/** Native, and a sixtieth of a second to load: only those load it who meet such a body. */
function lz4(): Lz4 {
  return (loadedLz4 ??= createRequire(import.meta.url)('lz4-napi') as Lz4);
}

/** Node has it from 22.15 and 23.8 on. */
interface Zstd {
  zstdCompressSync(body: Buffer): Buffer;
  zstdDecompressSync(body: Buffer, options: { readonly maxOutputLength: number }): Buffer;
}

const TYPE_FLAG: Readonly<Record<CompressionType, number>> = {
  ZLIB: SysFlag.COMPRESSION_ZLIB,
  LZ4: SysFlag.COMPRESSION_LZ4,
  ZSTD: SysFlag.COMPRESSION_ZSTD,
};

/**
 * A message's body, inflated when its sysFlag says it is compressed. Clients before 4.9.4 name no type: zlib.
 * @throws CompressionError when the body is damaged, the type unknown, or zstd not in this Node
 */
export function inflateBody(record: { readonly sysFlag: number; readonly body: Buffer }): Buffer {
  const { sysFlag, body } = record;
  if ((sysFlag & SysFlag.COMPRESSED) === 0) return body;
  const type = sysFlag & SysFlag.COMPRESSION_MASK;
  switch (type) {
    case 0:
    case SysFlag.COMPRESSION_ZLIB:
      return attempt('zlib', () => zlib.inflateSync(body, { maxOutputLength: MOST_INFLATED_BYTES }));
    case SysFlag.COMPRESSION_LZ4:
      return attempt('lz4', () => inflateLz4(body));
    case SysFlag.COMPRESSION_ZSTD:
      return attempt('zstd', () => zstd().zstdDecompressSync(body, { maxOutputLength: MOST_INFLATED_BYTES }));
    default:
      throw new CompressionError(`sysFlag ${sysFlag} names compression type ${type >> 8}, known are 0 to 3`);
  }
}

/** The body as it was sent, in memory of its own. @throws CompressionError as inflateBody */
export function ownBody(record: { readonly sysFlag: number; readonly body: Buffer }): Buffer {
  const body = inflateBody(record);
  return body === record.body ? Buffer.from(body) : body;
}

/** To look at: a body that cannot be inflated as it is stored. */
export function shownBody(record: { readonly sysFlag: number; readonly body: Buffer }): Buffer {
  try {
    return inflateBody(record);
  } catch (error) {
    if (error instanceof CompressionError) return record.body;
    throw error;
  }
}

/**
 * @returns the body to send and the bits to add to the message's sysFlag
 * @throws CompressionError when zstd is not in this Node
 */
export function compressBody(
  body: Buffer,
  type: CompressionType = 'ZLIB',
): { body: Buffer; sysFlag: number } {
  return { body: COMPRESS[type](body), sysFlag: SysFlag.COMPRESSED | TYPE_FLAG[type] };
}

const COMPRESS: Readonly<Record<CompressionType, (body: Buffer) => Buffer>> = {
  ZLIB: (body) => zlib.deflateSync(body, { level: ZLIB_LEVEL }),
  LZ4: (body) => lz4().compressFrameSync(body),
  ZSTD: (body) => zstd().zstdCompressSync(body),
};

function inflateLz4(body: Buffer): Buffer {
  const bound = lz4UpperBound(body);
  if (bound <= MOST_INFLATED_BYTES) return lz4().decompressFrameSync(body);
  throw new RangeError(`it may inflate to ${bound} bytes, at most ${MOST_INFLATED_BYTES} are taken`);
}

function zstd(): Zstd {
  if (hasZstd(zlib)) return zlib;
  throw new CompressionError(`zstd needs Node 22.15 or newer, this is ${process.version}: use zlib or lz4`);
}

function hasZstd(module: object): module is Zstd {
  return 'zstdDecompressSync' in module;
}

function attempt(type: string, inflate: () => Buffer): Buffer {
  try {
    return inflate();
  } catch (error) {
    if (error instanceof CompressionError) throw error;
    throw new CompressionError(`body is no ${type}: ${(error as Error).message}`, { cause: error });
  }
}
