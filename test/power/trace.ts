import { readFileSync } from 'node:fs';

/** What recorder.c writes down; see there for the layout. */
export const Kind = {
  START: 1,
  OPEN: 2,
  CLOSE: 3,
  WRITE: 4,
  TRUNCATE: 5,
  SYNC_BEGIN: 6,
  SYNC_END: 7,
  RENAME: 8,
  UNLINK: 9,
  MKDIR: 10,
  LINK: 11,
  NOTE: 12,
  UNKNOWN: 13,
} as const;

export const Flag = { CREATED: 1, DSYNC: 2, TRUNCATED: 4 } as const;

const HEAD = 32;

export interface Entry {
  readonly kind: number;
  readonly flags: number;
  readonly fd: number;
  /** offset, size, or number of the sync */
  readonly a: number;
  readonly payload: Buffer;
}

/** @throws when something happened that a trace cannot follow */
export function readTrace(file: string): Entry[] {
  const bytes = readFileSync(file);
  const entries: Entry[] = [];
  for (let at = 0; at + HEAD <= bytes.length;) {
    const end = at + HEAD + bytes.readUInt32LE(at);
    const payload = bytes.subarray(at + HEAD, end);
    const kind = bytes.readUInt8(at + 4);
    if (kind === Kind.UNKNOWN) throw new Error(`the trace cannot follow this: ${payload.toString()}`);
    entries.push({
      kind,
      flags: bytes.readUInt8(at + 5),
      fd: bytes.readInt32LE(at + 8),
      a: Number(bytes.readBigUInt64LE(at + 16)),
      payload,
    });
    at = end;
  }
  return entries;
}
