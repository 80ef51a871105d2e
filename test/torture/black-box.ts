import { torture, type Row } from './cases.js';
import type { Report } from './report.js';
import { Target, type TargetOptions } from './target.js';

export interface BlackBoxOptions extends TargetOptions {
  readonly nameServer: string;
  /** what the server is called */
  readonly name: string;
  readonly only?: ReadonlySet<number> | undefined;
}

/** Tries the hard cases on the broker behind a name server. @param each told of each case as it ends */
export async function blackBox(options: BlackBoxOptions, each: (row: Row) => void): Promise<Report> {
  const { timeoutMs, intervalMs, checks } = options;
  const target = await Target.behind(options.nameServer, options);
  try {
    const rows = await torture(target, options.only, each);
    return { server: options.name, settings: { timeoutMs, intervalMs, checks }, rows };
  } finally {
    await target.close();
  }
}
