import { userInfo } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { examples } from './examples.js';
import { Rest } from './rest.js';
import type { Preview, Transaction, Transactions } from './tx-text.js';

const DOOR = 'http://127.0.0.1:8080';
const STATES = ['pending', 'parked', 'committed', 'rolledBack'];
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

interface Flags {
  readonly http: string;
  readonly json?: boolean;
  readonly group?: string;
}

interface ListFlags extends Flags {
  readonly state?: string;
  readonly topic?: string;
  readonly key?: string;
  readonly olderThan?: number;
  readonly limit: number;
  readonly cursor?: string;
}

interface ActFlags extends Flags {
  readonly reason?: string;
  readonly operator: string;
}

/** Transactions of a broker, over its HTTP door. */
export function txCommand(): Command {
  const tx = new Command('tx')
    .summary('transactions in doubt: see them, ask about them, decide them')
    .description(
      'Shows the transactions of a broker, over its HTTP door, and decides those nobody else decides. Whatever is decided is final, and is kept with who did it and why.',
    )
    .addHelpText(
      'after',
      examples({
        'halfmq tx ls': 'what is in doubt: waiting for a verdict, or parked',
        'halfmq tx show 5f0c': 'one in full, with its history',
        'halfmq tx check 5f0c': 'ask its producer now',
        'halfmq tx commit 5f0c --reason "paid, see ticket 7"': 'deliver its messages',
        'halfmq tx help ls': 'every option of one of them',
      }),
    );
  const commands = [
    listCommand(),
    showCommand(),
    checkCommand(),
    ...['commit', 'rollback'].map(decideCommand),
    recoverCommand(),
  ];
  for (const command of commands) {
    command
      .option('--http <address>', "the broker's HTTP door (httpHost, httpPort)", DOOR)
      .option('--json', 'print JSON')
      .helpOption('-h, --help', 'show this')
      .showHelpAfterError(`(halfmq tx ${command.name()} --help shows options and examples)`);
    tx.addCommand(command);
  }
  return tx;
}

function listCommand(): Command {
  return new Command('ls')
    .summary('a list, oldest first')
    .description('Lists transactions, oldest first: those in doubt when no state is given.')
    .addOption(new Option('--state <state>', 'only those in this state').choices(STATES))
    .option('--topic <topic>', 'only those with a message for this topic')
    .option('--group <group>', 'only those of this producer group')
    .option('--key <key>', 'only those with a message of this key')
    .option('--older-than <duration>', 'only those begun longer ago, such as 30s, 5m, 2h, 1d', duration)
    .option('--limit <number>', 'how many at most, 1 to 500', limit, 50)
    .option('--cursor <cursor>', 'read on where an earlier list ended')
    .addHelpText(
      'after',
      examples({
        'halfmq tx ls': 'everything in doubt',
        'halfmq tx ls --state parked --older-than 1h': 'asked in vain, and not asked any more',
        'halfmq tx ls --key order-7': 'by a key of one of its messages',
        'halfmq tx ls --http http://10.0.0.7:8080 --json': 'of another broker, to work with',
      }),
    )
    .action(async ({ http, json, olderThan, ...query }: ListFlags) => {
      const found = await new Rest(http).get<Transactions>('v1/transactions', {
        ...query,
        olderThanMs: olderThan,
      });
      await print(json, found, ({ listText }) => listText(found));
    });
}

function showCommand(): Command {
  return oneOf('show')
    .summary('one in full, with its history')
    .description('Shows one transaction: its messages, who was asked, what was answered, who decided.')
    .option('--preview', 'also what its producer would answer; it is only read, nothing is decided')
    .addHelpText(
      'after',
      examples({
        'halfmq tx show 5f0c': 'by its id (HALFMQ_TX), or by the message id of one of its messages',
        'halfmq tx show 5f0c --preview': 'with what the database of its producer says',
      }),
    )
    .action(async (id: string, { http, json, group, preview: asked }: Flags & { preview?: boolean }) => {
      const rest = new Rest(http);
      const transaction = await rest.get<Transaction>(pathOf(id), { group });
      const preview = asked ? await rest.get<Preview>(`${pathOf(id)}/preview`, { group }) : undefined;
      await print(json, { ...transaction, preview }, ({ transactionText }) =>
        transactionText(transaction, preview),
      );
    });
}

function checkCommand(): Command {
  return acting('check')
    .summary('ask its producer now')
    .description(
      'Asks a producer of the transaction, or its check URL, how it has ended: now, and not when its time has come. What it answers decides.',
    )
    .option('--reason <text>', 'why, for the log')
    .addHelpText('after', examples({ 'halfmq tx check 5f0c': 'and shows what was answered so far' }))
    .action((id: string, flags: ActFlags) => act('check', id, flags));
}

function decideCommand(verdict: string): Command {
  const what = verdict === 'commit' ? 'deliver its messages' : 'never deliver its messages';
  return acting(verdict)
    .summary(`${what}; final`)
    .description(
      `Decides a transaction that is in doubt: ${what}. The first verdict is final: when there is another one this changes nothing, and says who decided.`,
    )
    .requiredOption('--reason <text>', 'why: it is kept with the verdict')
    .addHelpText(
      'after',
      examples({ [`halfmq tx ${verdict} 5f0c --reason "see ticket 7"`]: `${what}, for this reason` }),
    )
    .action((id: string, flags: ActFlags) => act(verdict, id, flags));
}

function recoverCommand(): Command {
  return acting('recover')
    .summary('begin to ask again about one that is parked')
    .description('Begins to ask again about a transaction that was asked about in vain and parked.')
    .requiredOption('--reason <text>', 'why, for the log')
    .addHelpText(
      'after',
      examples({ 'halfmq tx recover 5f0c --reason "the shop is back"': 'its checks are counted from 0' }),
    )
    .action((id: string, flags: ActFlags) => act('recover', id, flags));
}

function oneOf(name: string): Command {
  return new Command(name)
    .argument('<id>', 'id of the transaction, or message id of one of its messages')
    .option('--group <group>', 'its producer group, where two groups have the same id');
}

function acting(name: string): Command {
  return oneOf(name).option('--operator <name>', 'who acts', user());
}

async function act(
  what: string,
  id: string,
  { http, json, group, reason, operator }: ActFlags,
): Promise<void> {
  const rest = new Rest(http, { 'x-halfmq-operator': operator });
  const query = group === undefined ? '' : `?group=${encodeURIComponent(group)}`;
  const transaction = await rest.post<Transaction>(`${pathOf(id)}/${what}${query}`, { reason });
  await print(json, transaction, ({ transactionText }) => transactionText(transaction));
}

type Texts = typeof import('./tx-text.js');

async function print(
  json: boolean | undefined,
  document: object,
  text: (texts: Texts) => string,
): Promise<void> {
  const shown = json ? JSON.stringify(document, undefined, 2) : text(await import('./tx-text.js'));
  process.stdout.write(`${shown}\n`);
}

function pathOf(id: string): string {
  return `v1/transactions/${encodeURIComponent(id)}`;
}

/** Some machines have no name for the user of a process. */
function user(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}

function duration(text: string): number {
  const [, amount, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) {
    throw new InvalidArgumentError('expected a duration such as 30s, 5m, 2h, 1d.');
  }
  return Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

function limit(text: string): number {
  const number = Number(text);
  if (!/^\d{1,3}$/.test(text) || number < 1 || number > 500) {
    throw new InvalidArgumentError('expected a whole number from 1 to 500.');
  }
  return number;
}
