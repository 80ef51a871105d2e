import { homedir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import type { RunningBroker } from '@halfmq/broker';
import type { Clock, Log } from '@halfmq/transaction';
import { collectAssignment, type Assignments } from './assignments.js';
import { brokerBootLine } from './broker.js';
import { examples } from './examples.js';
import { LOG_OPTION, withLog } from './log.js';
import { namesrvBootLine } from './namesrv.js';
import { serve, type Running } from './serve.js';

const LOOPBACK = '127.0.0.1';

interface Flags {
  readonly port?: string;
  readonly store: string;
  readonly option?: Assignments;
  readonly log?: string;
}

export function devCommand(): Command {
  return new Command('dev')
    .summary('name server and broker in one process')
    .description(
      'Starts a name server and a broker in one process, for this machine only: both listen on 127.0.0.1 and say so to clients.',
    )
    .option('--port <number>', 'port of the name server, 9876 when nobody says otherwise')
    .option('--store <folder>', 'where messages are kept', join(homedir(), '.halfmq', 'dev'))
    .option('-o, --option <name=value>', 'one setting of the broker; may be given often', collectAssignment)
    .option('--log <where>', LOG_OPTION)
    .addHelpText(
      'after',
      examples({
        'halfmq dev': 'name server :9876, broker :10911, HTTP :8080, gRPC :8081',
        'halfmq dev --store ./messages': 'keep the messages here',
        'halfmq dev --port 9877 -o listenPort=10921': 'beside another one',
        'halfmq send greetings "hello"': 'then, in another terminal',
      }),
    )
    .action((flags: Flags) =>
      serve(async () => {
        const { systemClock } = await import('@halfmq/broker');
        return withLog(systemClock, flags.log, (log) => start(flags, { clock: systemClock, log }));
      }),
    );
}

async function start(flags: Flags, common: { clock: Clock; log: Log }): Promise<Running> {
  const [{ startNamesrv }, { startBroker }] = await Promise.all([
    import('@halfmq/namesrv'),
    import('@halfmq/broker'),
  ]);
  const namesrv = await startNamesrv({
    ...common,
    properties: { bindAddress: LOOPBACK, ...(flags.port !== undefined && { listenPort: flags.port }) },
  });
  const nameServer = `${LOOPBACK}:${namesrv.port}`;
  const broker = await startBroker({
    ...common,
    properties: {
      brokerName: 'dev',
      bindAddress: LOOPBACK,
      brokerIP1: LOOPBACK,
      namesrvAddr: nameServer,
      storePathRootDir: flags.store,
      ...flags.option,
    },
  });
  process.stdout.write(`${namesrvBootLine(nameServer)}\n${brokerBootLine(broker, nameServer)}\n`);
  process.stdout.write(`${whatRunsWhere(nameServer, broker, flags.store)}\n`);
  return {
    // the broker first: it says good-bye to the name server
    async close() {
      await broker.close();
      await namesrv.close();
    },
  };
}

function whatRunsWhere(
  nameServer: string,
  broker: Pick<RunningBroker, 'address' | 'httpPort' | 'grpcPort'>,
  store: string,
): string {
  const rows = [
    ['name server', nameServer],
    ['broker', broker.address],
    ['HTTP', broker.httpPort === undefined ? 'off' : `http://${LOOPBACK}:${broker.httpPort}`],
    ['gRPC', broker.grpcPort === undefined ? 'off' : `${LOOPBACK}:${broker.grpcPort}`],
    ['messages in', store],
  ];
  const lines = rows.map(([what = '', where = '']) => `  ${what.padEnd(13)}${where}`);
  return ['', ...lines, '', `Try: halfmq send greetings "hello" -n ${nameServer}`, 'Ctrl-C stops it.'].join(
    '\n',
  );
}
