import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { checkOut } from './checkout.js';
import { comparison } from './compare.js';
import { markdownReport, resultOf, textReport, type BenchResult } from './report.js';
import { runRounds, type Samples } from './rounds.js';
import { allRows, type Part } from './rows.js';
import { Servers, THIS_VERSION, type Version } from './servers.js';

/*
 * `npm run bench`: the limits and ours in turns, in one run; what counts are the ratios.
 *
 *   --rounds N             five by default
 *   --only PART,PART       of the rows: sends, sync, latency, pulls, transactions, batches, store, brokers, start
 *   --json FILE            everything measured
 *   --against REF          builds that version in a temporary worktree and compares this one with it, limits left out
 *   --markdown FILE        prints the table for docs/performance.md from such a file; measures nothing
 *   --profile FOLDER       also writes where the brokers' time goes (.cpuprofile, for Chrome or an editor)
 */
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    json: { type: 'string' },
    against: { type: 'string' },
    markdown: { type: 'string' },
    profile: { type: 'string' },
  },
});

const rounds = Number(options.rounds);

async function bench(): Promise<void> {
  const samples = await measureAll([THIS_VERSION], true);
  const result = resultOf(samples, rounds);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, undefined, 1)}\n`);
  process.stdout.write(textReport(result));
}

async function against(ref: string): Promise<void> {
  const older = checkOut(ref);
  try {
    const samples = await measureAll([older, THIS_VERSION], false);
    process.stdout.write(comparison(samples, older.name, THIS_VERSION.name));
  } finally {
    older.remove();
  }
}

async function measureAll(versions: readonly Version[], withLimits: boolean): Promise<Samples[]> {
  const parts = options.only?.split(',') as Part[] | undefined;
  const profile = options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`];
  const servers = new Servers(profile);
  try {
    const rows = allRows(servers).filter(({ part }) => !parts || parts.includes(part));
    const onRow = (round: number, { name }: { name: string }): void =>
      progress(`round ${round + 1}: ${name}`);
    return await runRounds(rows, versions, rounds, { withLimits, onRow });
  } finally {
    progress('');
    await servers.stop();
  }
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

if (options.markdown !== undefined) {
  process.stdout.write(markdownReport(JSON.parse(readFileSync(options.markdown, 'utf8')) as BenchResult));
} else if (options.against !== undefined) await against(options.against);
else await bench();
