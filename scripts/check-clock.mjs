/**
 * The one thing oxlint has no rule for: a `new Date()` (or `Date()`) without an argument reads the machine's clock
 * behind the back of the `Clock` every room was given. Prints each place and fails.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ALLOWED = new Set([join('libs', 'remoting', 'src', 'clock.ts')]);
const READS_THE_CLOCK = /\bnew Date(?:\(\s*\))?(?!\s*[\w(])|(?<![\w.]|new )\bDate\(\)/;

const sources = ['apps', 'libs']
  .flatMap((folder) => readdirSync(folder, { recursive: true }).map((path) => join(folder, String(path))))
  .filter((path) => /\/src\/.*\.tsx?$/.test(path) && !path.includes('node_modules'))
  .filter((path) => !path.endsWith('.spec.ts') && !ALLOWED.has(path));

const found = sources.flatMap((path) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, index) => (READS_THE_CLOCK.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
);

for (const place of found) console.error(`${place}\n  One clock: use Clock.now.`);
process.exitCode = found.length === 0 ? 0 : 1;
