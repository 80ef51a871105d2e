import { rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Makes every fdatasync of a store's first segment fail from now on, as long as none has run yet: the store opens the
 * file anew for its syncs, and finds a device that cannot be synced. What LMDB has open goes on. Returns how to put the
 * file back, which is what a restart after a repair would find.
 */
export async function failSyncs(storeFolder: string): Promise<() => Promise<void>> {
  const segment = join(storeFolder, 'log', '0000000001.mdb');
  const away = join(storeFolder, 'segment.away');
  await rename(segment, away);
  await symlink('/dev/null', segment);
  return () => rename(away, segment);
}
