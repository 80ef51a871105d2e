import * as lmdb from 'lmdb';

/** Exported, though its types do not say so: every environment ever opened, by its file's name without the extension. */
const { allDbs } = lmdb as unknown as { readonly allDbs: Map<string, unknown> };

/**
 * lmdb keeps what it has opened in a list, also when it was closed: 17 KB a segment, which is a megabyte an hour at a
 * roll a minute.
 */
export function forgetClosed(environment: object): void {
  for (const [name, listed] of allDbs) if (listed === environment) allDbs.delete(name);
}

/** How many it keeps. */
export const environmentsKept = (): number => allDbs.size;
