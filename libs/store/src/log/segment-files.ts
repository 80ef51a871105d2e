import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const NAME = /^(\d{10})\.mdb$/;

/** Numbers of the segments in a folder, in order. */
export function sequencesIn(path: string): number[] {
  return readdirSync(path)
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);
}

export function segmentFile(path: string, sequence: number): string {
  return join(path, `${String(sequence).padStart(10, '0')}.mdb`);
}

/** Room in the address space for a segment and one very large group. Costs nothing until used. */
export function mapBytes(segmentBytes: number): number {
  return segmentBytes * 2 + 1024 * 1024 * 1024;
}
