import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { markdownReport, resultOf, textReport, type BenchResult } from './report.js';
import { runRounds } from './rounds.js';
import { allRows, type Part } from './rows.js';
import { Servers, THIS_VERSION } from './servers.js';

/*
 * `npm run bench`: the limits and ours in turns, in one run; what counts are the ratios.
 *
 *   --rounds N             five by default
 *   --only PART,PART       of the rows: sends, sync, latency, pulls, transactions, batches, store, brokers, start
 *   --json FILE            everything measured
 *   --markdown FILE        prints the table for docs/performance.md from such a file; measures nothing
 *   --profile FOLDER       also writes where the brokers' time goes (.cpuprofile, for Chrome or an editor)
 */
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    json: { type: 'string' },
    markdown: { type: 'string' },
    profile: { type: 'string' },
  },
});

async function bench(): Promise<void> {
  const rounds = Number(options.rounds);
  const parts = options.only?.split(',') as Part[] | undefined;
  const profile = options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`];
  const servers = new Servers(profile);
  try {
    const rows = allRows(servers).filter(({ part }) => !parts || parts.includes(part));
    const onRow = (round: number, { name }: { name: string }): void =>
      progress(`round ${round + 1}: ${name}`);
    const samples = await runRounds(rows, [THIS_VERSION], rounds, { withLimits: true, onRow });
    progress('');
    const result = resultOf(samples, rounds);
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, undefined, 1)}\n`);
    process.stdout.write(textReport(result));
  } finally {
    await servers.stop();
  }
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

if (options.markdown === undefined) await bench();
else process.stdout.write(markdownReport(JSON.parse(readFileSync(options.markdown, 'utf8')) as BenchResult));
