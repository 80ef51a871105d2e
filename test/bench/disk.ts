import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What a folder takes on the disk: blocks, not lengths, since files may have holes. */
export function diskBytes(folder: string): number {
  return readdirSync(folder, { recursive: true })
    .map((name) => statSync(join(folder, String(name)), { throwIfNoEntry: false }))
    .reduce((sum, stat) => sum + (stat?.isFile() ? stat.blocks * 512 : 0), 0);
}
