import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine, refuse } from '../kit/command-line.js';
import { checkOut } from './checkout.js';
import { comparison } from './compare.js';
import { hasH2load } from './h2load.js';
import { peerContests } from './peers/contests.js';
import { peerReport } from './peers/report.js';
import { markdownReport, resultOf, textReport, withTable, type BenchResult } from './report.js';
import { runRounds, type Contest, type Samples } from './rounds.js';
import { allRows, contestOf } from './rows.js';
import { soak } from './soak.js';
import { better, frugality, judge, record, smokeContests } from './smoke.js';
import { Servers, THIS_VERSION, type Version } from './servers.js';
import { hasSlowDisks } from './slow-disk.js';

const HELP = `npm run bench     the limits and ours in turns, in one run; what counts are the ratios

  --rounds N         5 by default, 15 with --against
  --scale X          of the requests in a round: 1 by default, 0.2 with --against, where many short rounds tell more
  --only TEXT,TEXT   only rows whose names hold one of these
  --json FILE        everything measured
  --against REF      builds that version in a temporary worktree and compares this one with it, limits left out
  --peers            the same load on other brokers, where they are installed
  --smoke            for CI: fails when a message costs the main thread much more than recorded.json says, beside the
                     limit; with --record writes that file first
  --soak 30m         70 % of what a broker can take for so long, segments being unlinked; a line a sample, and a plot into
                     --svg FILE (docs/soak.svg); fails when the last third is not like the second
  --docs FILE        writes the table of docs/performance.md from such a file; measures nothing
  --profile FOLDER   also writes where the brokers' time goes (.cpuprofile, for Chrome or an editor)`;

const {
  values: options,
  positive,
  whole,
} = commandLine(HELP, {
  rounds: { type: 'string' },
  scale: { type: 'string' },
  only: { type: 'string' },
  json: { type: 'string' },
  against: { type: 'string' },
  peers: { type: 'boolean', default: false },
  smoke: { type: 'boolean', default: false },
  record: { type: 'boolean', default: false },
  soak: { type: 'string' },
  svg: { type: 'string', default: 'docs/soak.svg' },
  docs: { type: 'string' },
  profile: { type: 'string' },
});

const alone = options.against === undefined;
const rounds = options.rounds === undefined ? (alone ? 5 : 15) : whole('rounds', 1);
const scale = options.scale === undefined ? (alone ? 1 : 0.2) : positive('scale');

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

async function peers(): Promise<void> {
  const samples = await inTurns((servers) =>
    peerContests(servers, scale, (line) => process.stdout.write(`left out: ${line}\n`)),
  );
  process.stdout.write(peerReport(samples));
}

/** @returns whether a message costs about what it did */
async function smoke(): Promise<boolean> {
  const found = frugality(await inTurns(smokeContests));
  if (options.record) record(found);
  const first = judge(found);
  process.stdout.write(first.text);
  if (first.holds) return true;
  process.stdout.write('once more, since others may have used this machine\n');
  const second = judge(better(found, frugality(await inTurns(smokeContests))));
  process.stdout.write(second.text);
  return second.holds;
}

async function runSoak(duration: string): Promise<boolean> {
  const [, amount, unit] = /^(\d+)([sm])$/.exec(duration) ?? [];
  if (amount === undefined) refuse(`--soak: a time like 30m or 90s expected, got ${duration}`);
  const servers = new Servers();
  try {
    const { text, flat } = await soak(
      servers,
      Number(amount) * (unit === 'm' ? 60 : 1),
      options.svg,
      (sample) => process.stdout.write(`${JSON.stringify(sample)}\n`),
    );
    process.stdout.write(text);
    return flat;
  } finally {
    await servers.stop();
  }
}

function measureAll(versions: readonly Version[], withLimits: boolean): Promise<Samples[]> {
  if (!hasH2load) process.stderr.write(`left out: gRPC, which needs h2load (Debian's nghttp2-client)\n`);
  if (!hasSlowDisks())
    process.stderr.write('left out: runs that wait for a disk, which need Linux and gcc\n');
  return inTurns((servers) => allRows(servers, scale).map((row) => contestOf(row, versions, withLimits)));
}

async function inTurns(contests: (servers: Servers) => Contest[]): Promise<Samples[]> {
  const profile = options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`];
  const only = options.only?.split(',');
  const servers = new Servers(profile);
  try {
    const all = contests(servers);
    const wanted = all.filter(({ name }) => !only || only.some((part) => name.includes(part)));
    if (wanted.length === 0)
      refuse(`--only: no row like ${options.only}; there are ${all.map(({ name }) => name).join('; ')}`);
    return await runRounds(wanted, rounds, progress);
  } finally {
    await servers.stop();
  }
}

function progress(round: number, name: string, side: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${round + 1}/${rounds} ${name}: ${side}\r`);
}

if (options.docs !== undefined) {
  const page = join(THIS_VERSION.root, 'docs/performance.md');
  const result = JSON.parse(readFileSync(options.docs, 'utf8')) as BenchResult;
  writeFileSync(page, withTable(readFileSync(page, 'utf8'), markdownReport(result)));
} else if (options.against !== undefined) await against(options.against);
else if (options.peers) await peers();
else if (options.soak !== undefined) process.exitCode = (await runSoak(options.soak)) ? 0 : 1;
else if (options.smoke) process.exitCode = (await smoke()) ? 0 : 1;
else await bench();
