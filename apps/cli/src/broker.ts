import { Command } from 'commander';
import type { RunningBroker } from '@halfmq/broker';
import { collectAssignment, type Assignments } from './assignments.js';
import { examples } from './examples.js';
import { loadSooner } from './load.js';
import { LOG_OPTION, withLog } from './log.js';
import { serve } from './serve.js';

interface Flags {
  readonly namesrvAddr?: string | undefined;
  readonly configFile?: string | undefined;
  readonly store?: string;
  readonly option?: Assignments | undefined;
  readonly print?: boolean;
  readonly log?: string;
}

/** What may be given to a broker, by whichever command. */
export interface BrokerWish extends Omit<Flags, 'print'> {
  /** all settings, or those of RocketMQ's `mqbroker -m` */
  readonly print?: boolean | 'important' | undefined;
}

/** RocketMQ marks them as important. */
const IMPORTANT: ReadonlySet<string> = new Set(
  `namesrvAddr listenPort brokerIP1 brokerName brokerClusterName brokerId brokerRole autoCreateTopicEnable
  autoCreateSubscriptionGroup msgTraceTopicName traceTopicEnable rejectTransactionMessage transactionTimeOut
  transactionCheckMax transactionCheckInterval storePathRootDir storePathCommitLog flushDiskType flushIntervalCommitLog
  deleteWhen fileReservedTime diskMaxUsedSpaceRatio cleanFileForciblyEnable maxTransferBytesOnMessageInMemory
  maxTransferCountOnMessageInMemory`.split(/\s+/),
);

export function brokerCommand(): Command {
  return new Command('broker')
    .summary('start a broker')
    .description(
      'Starts a broker. Settings have the names of RocketMQ; an option is stronger than a variable HALFMQ_…, that than the file.',
    )
    .option('-n, --namesrvAddr <address>', 'name servers to register with, several separated by ;')
    .option('-c, --configFile <file>', 'settings in a .properties file')
    .option('--store <folder>', 'where messages are kept (storePathRootDir)')
    .option('-o, --option <name=value>', 'one setting; may be given often', collectAssignment)
    .option('-p, --print', 'print all settings with where they come from, and end')
    .option('--log <where>', LOG_OPTION)
    .addHelpText(
      'after',
      examples({
        'halfmq broker -n 127.0.0.1:9876': 'register with one name server',
        'halfmq broker -n "a:9876;b:9876" -c broker.conf': "two name servers, and RocketMQ's own file",
        'halfmq broker -o listenPort=10921 -o brokerName=b --store ./b': 'a second broker on this machine',
        'halfmq broker -o brokerIP1=192.0.2.7': 'the address clients are told',
        'halfmq broker -c broker.conf -p': 'what are the settings, and from where?',
      }),
    )
    .action((flags: Flags) => runBroker(flags));
}

/** @param serveIt runs it until a signal */
export async function runBroker(wish: BrokerWish, serveIt = serve): Promise<void> {
  loadSooner('@halfmq/broker');
  const { startBroker, resolveSettings, printSettings, systemClock } = await import('@halfmq/broker');
  const properties = {
    ...wish.option,
    ...(wish.namesrvAddr !== undefined && { namesrvAddr: wish.namesrvAddr }),
    ...(wish.store !== undefined && { storePathRootDir: wish.store }),
  };
  const options = { properties, configFile: wish.configFile };
  const settings = resolveSettings(options);
  if (wish.print) {
    const printed = printSettings(settings).split('\n');
    const wanted = printed.filter(
      (line) => wish.print !== 'important' || IMPORTANT.has(line.split('=')[0] ?? ''),
    );
    return void process.stdout.write(`${wanted.join('\n')}\n`);
  }
  await serveIt(() =>
    withLog(systemClock, wish.log, async (log) => {
      loadSooner('@halfmq/broker/rooms');
      const broker = await startBroker({ ...options, clock: systemClock, log });
      process.stdout.write(`${brokerBootLine(broker, settings.config.namesrvAddr)}\n`);
      return broker;
    }),
  );
}

/** RocketMQ's words; scripts wait for "boot success". */
export function brokerBootLine(
  broker: Pick<RunningBroker, 'name' | 'address' | 'httpPort' | 'grpcPort'>,
  nameServers: string,
): string {
  const registered =
    nameServers === '' ? 'registered nowhere (no -n was given)' : `name server is ${nameServers}`;
  const http = broker.httpPort === undefined ? '' : `, HTTP port ${broker.httpPort}`;
  const grpc = broker.grpcPort === undefined ? '' : `, gRPC port ${broker.grpcPort}`;
  return `The broker[${broker.name}, ${broker.address}] boot success. serializeType=JSON and ${registered}${http}${grpc}`;
}
