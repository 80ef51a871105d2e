import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';

/**
 * Before all tests: what they and their processes start carries a mark, and what they write goes into a folder of this
 * run, so that `tests-end.mjs` finds what was left behind.
 */
export default function begin() {
  const folder = mkdtempSync(join(tmpdir(), 'halfmq-tests-'));
  // PostgreSQL runs as another user where the tests run as root
  chmodSync(folder, 0o755);
  process.env['TMPDIR'] = folder;
  process.env['HALFMQ_TEST_RUN'] = randomUUID();
}
