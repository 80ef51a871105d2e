import { Command, InvalidArgumentError } from 'commander';
import { examples } from './examples.js';
import { lineLog } from './line-log.js';

interface Flags {
  readonly log?: string;
  readonly json?: boolean;
}

interface DumpFlags extends Flags {
  readonly offset?: number;
  readonly queue?: { readonly topic: string; readonly queueId: number };
  readonly from?: number;
  readonly count: number;
}

/** Looking into a store folder: nothing here takes it, so that all but rebuild work beside a running broker. */
export function storeCommand(): Command {
  const store = new Command('store')
    .summary("look into a broker's store folder")
    .description("Looks into a broker's store folder (storePathRootDir), whether a broker runs on it or not.")
    .addHelpText(
      'after',
      examples({
        'halfmq store inspect ./store': 'segments, queues, sizes, times',
        'halfmq store verify ./store': 'read all of it, and name the first damage',
        'halfmq store dump ./store --offset 1240': 'one message in full',
        'halfmq store rebuild ./store': 'make the state again from the log',
        'halfmq store help dump': 'every option of one of them',
      }),
    );
  for (const command of [inspectCommand(), verifyCommand(), dumpCommand(), rebuildCommand()]) {
    command
      .argument('<folder>', 'store folder of a broker')
      .option('--log <folder>', 'where its segments lie (storePathCommitLog), when not in its folder log')
      .option('--json', 'print JSON')
      .helpOption('-h, --help', 'show this')
      .showHelpAfterError(`(halfmq store ${command.name()} --help shows options and examples)`);
    store.addCommand(command);
  }
  return store;
}

function inspectCommand(): Command {
  return new Command('inspect')
    .summary('what is in it: segments, queues, sizes, times')
    .description('Prints what is in a store folder: its state, segments, queues and projections.')
    .addHelpText(
      'after',
      examples({
        'halfmq store inspect ./store': 'to read',
        'halfmq store inspect ./store --json': 'to work with',
      }),
    )
    .action(async (path: string, { log: logPath, json }: Flags) => {
      const { inspectStore } = await import('@halfmq/store/tools');
      const report = await inspectStore({ path, logPath });
      const { inspectText } = await import('./store-text.js');
      print(json ? JSON.stringify(report, undefined, 2) : inspectText(report));
    });
}

function verifyCommand(): Command {
  return new Command('verify')
    .summary('read every byte, and name the first damage')
    .description(
      'Reads every block: its checksums, its records, and whether index and key files agree with them. Ends with code 1 when something is damaged.',
    )
    .addHelpText(
      'after',
      examples({
        'halfmq store verify ./store': 'also while a broker runs on it',
        'halfmq store verify ./store --json': 'counts and damage as JSON',
      }),
    )
    .action(async (path: string, { log: logPath, json }: Flags) => {
      const { verifyStore } = await import('@halfmq/store/tools');
      const { ProgressLine, verifyText } = await import('./store-text.js');
      const line = new ProgressLine(process.stderr);
      const found = await verifyStore({ path, logPath }, ({ done, total }) => line.show(done, total));
      line.end();
      print(json ? JSON.stringify(found, undefined, 2) : verifyText(found));
      if (found.damageCount > 0) process.exitCode = 1;
    });
}

function dumpCommand(): Command {
  return new Command('dump')
    .summary('messages in full')
    .description('Prints messages in full: every field, the properties, the body as text or in hexadecimal.')
    .option('--offset <physical offset>', 'the one at this offset of the log', wholeNumber)
    .option('--queue <topic/queueId>', 'of this queue', queueOf)
    .option('--from <offset>', 'from this offset of the queue on; 0 when not given', wholeNumber)
    .option('--count <number>', 'how many', positive, 1)
    .addHelpText(
      'after',
      examples({
        'halfmq store dump ./store --offset 1240': 'by its physical offset',
        'halfmq store dump ./store --queue orders/0 --from 7': 'by its place in a queue',
        'halfmq store dump ./store --queue orders/0 --count 100 --json': 'a JSON document a line',
      }),
    )
    .action(dump);
}

async function dump(path: string, flags: DumpFlags): Promise<void> {
  const { offset, queue, from = 0, count, log: logPath, json } = flags;
  if ((offset === undefined) === (queue === undefined)) {
    throw new Error('dump needs one of --offset and --queue: which message is it to be?');
  }
  const { findRecords } = await import('@halfmq/store/tools');
  const place = queue ? { ...queue, queueOffset: from, count } : { physicalOffset: offset ?? 0, count };
  const records = await findRecords({ path, logPath }, place);
  const { recordDocument, recordText } = await import('./record-text.js');
  print(
    json
      ? records.map((record) => JSON.stringify(recordDocument(record))).join('\n')
      : records.map(recordText).join('\n\n'),
  );
}

function rebuildCommand(): Command {
  return new Command('rebuild')
    .summary('make the state again from the log alone')
    .description(
      'Throws the state away (settings, half messages and verdicts, delayed messages, consumer offsets) and makes it again from the log. Only while no broker runs on the folder. Says what the log does not hold.',
    )
    .addHelpText(
      'after',
      examples({
        'halfmq store rebuild ./store': 'after the state was lost, or came from an older copy',
        'halfmq store rebuild ./store --json': 'what is restored, and what is not, as JSON',
      }),
    )
    .action(async (path: string, { log: logPath, json }: Flags) => {
      const { rebuildFolder, systemClock } = await import('@halfmq/store/tools');
      const { rebuiltText } = await import('./store-text.js');
      const report = await rebuildFolder({ path, logPath }, lineLog(systemClock, process.env));
      print(json ? JSON.stringify(report, undefined, 2) : rebuiltText(report));
    });
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('expected a whole number, 0 or more.');
  return Number(text);
}

function positive(text: string): number {
  const number = wholeNumber(text);
  if (number === 0) throw new InvalidArgumentError('expected a whole number, 1 or more.');
  return number;
}

function queueOf(text: string): { topic: string; queueId: number } {
  const [, topic, queueId] = /^(.+)\/(\d{1,9})$/.exec(text) ?? [];
  if (topic === undefined || queueId === undefined) {
    throw new InvalidArgumentError('expected topic/queueId, as in orders/0.');
  }
  return { topic, queueId: Number(queueId) };
}
