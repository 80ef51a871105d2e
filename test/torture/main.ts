/** See HELP. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { commandLine } from '../kit/command-line.js';
import { writeResult } from '../power/result.js';
import { blackBox } from './black-box.js';
import { whenInterrupted } from './interrupted.js';
import { line, writeDocs, type Report } from './report.js';
import { start } from './started.js';
import type { TargetOptions } from './target.js';

const HELP = `npm run torture -- --namesrv HOST:PORT    tries the hard cases of transactions on any RocketMQ, from outside
npm run torture -- --start halfmq         the same on a broker it starts itself; also: apache (needs a JDK and Maven)
npm run torture -- --chaos                kills brokers, services and databases under load, and checks every invariant

The broker that is tried has to be started with quick checks: with those that are told here.

  --namesrv HOST:PORT   its name server; the first broker of its list is tried
  --timeout MS          its transactionTimeOut (3000)
  --interval MS         its transactionCheckInterval (1000)
  --checks N            its transactionCheckMax (5)
  --topic A,B           existing topics, where none can be created; two for case 6
  --halves N            half messages of case 8 (2000)
  --kill COMMAND        ends it with SIGKILL and starts it again, for case 12
  --only 1,2            cases by their numbers
  --name TEXT           what it is called in the result
  --json FILE           writes the result
  --docs A.json B.json  writes the table of docs/why.md from such results

  --minutes N           of chaos (10)
  --seed S              of chaos: who is killed when; the one of an earlier run is printed by it`;

const PAGE = fileURLToPath(new URL('../../../docs/why.md', import.meta.url));
const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** CI says `--json --outputFile FILE` to everything, as jest takes it. */
const args = process.argv
  .slice(2)
  .filter((arg, at, all) => arg !== '--json' || all[at + 1]?.startsWith('--') === false);

const { values, positionals, whole, positive, oneOf } = commandLine(
  HELP,
  {
    namesrv: { type: 'string' },
    start: { type: 'string' },
    chaos: { type: 'boolean' },
    timeout: { type: 'string', default: '3000' },
    interval: { type: 'string', default: '1000' },
    checks: { type: 'string', default: '5' },
    topic: { type: 'string' },
    halves: { type: 'string', default: '2000' },
    kill: { type: 'string' },
    only: { type: 'string' },
    name: { type: 'string' },
    json: { type: 'string' },
    docs: { type: 'boolean' },
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    outputFile: { type: 'string' },
  },
  { args, allowPositionals: true },
);
const whom = oneOf('start', ['halfmq', 'apache']);

function options(): TargetOptions {
  const command = values.kill;
  return {
    timeoutMs: whole('timeout', 1),
    intervalMs: whole('interval', 1),
    checks: whole('checks', 1),
    halves: whole('halves', 1),
    topics: values.topic?.split(','),
    kill:
      command === undefined ? undefined : async () => void (await promisify(execFile)('sh', ['-c', command])),
  };
}

/** At a name server that is there, or on a server that is started for it. */
async function tried(): Promise<Report> {
  const only = values.only === undefined ? undefined : new Set(values.only.split(',').map(Number));
  const told = options();
  const each = (row: Parameters<typeof line>[0]): void => print(line(row));
  if (values.namesrv !== undefined) {
    const name = values.name ?? values.namesrv;
    return blackBox({ ...told, nameServer: values.namesrv, name, only }, each);
  }
  const started = await start(whom ?? 'halfmq', told);
  whenInterrupted(started.stop);
  try {
    return await blackBox({ ...told, ...started, name: values.name ?? started.name, only }, each);
  } finally {
    await started.stop();
  }
}

async function torture(): Promise<void> {
  const report = await tried();
  const count = (outcome: string): number => report.rows.filter((row) => row.outcome === outcome).length;
  const failed = count('breaks') + count('not tried');
  print(
    `${report.server}: ${count('holds')} hold, ${failed} do not, ${count('not applicable')} not applicable`,
  );
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  writeResult({ passed: count('holds'), failed, skipped: count('not applicable') }, values.outputFile);
}

async function main(): Promise<void> {
  if (values.docs) return writeDocs(PAGE, positionals);
  if (values.chaos) {
    const { chaos } = await import('./chaos/chaos.js');
    return chaos({ minutes: positive('minutes'), seed: values.seed, outputFile: values.outputFile });
  }
  if (values.namesrv === undefined && whom === undefined) return print(HELP);
  return torture();
}

try {
  await main();
} catch (error) {
  print(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
