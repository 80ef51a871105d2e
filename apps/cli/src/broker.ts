import { Command } from 'commander';
import { collectAssignment, type Assignments } from './assignments.js';
import { examples } from './examples.js';
import { lineLog } from './line-log.js';
import { loadSooner } from './load.js';
import { serve } from './serve.js';

interface Flags {
  readonly namesrvAddr?: string;
  readonly configFile?: string;
  readonly store?: string;
  readonly option?: Assignments;
  readonly print?: boolean;
}

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
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  loadSooner('@halfmq/broker');
  const { startBroker, resolveSettings, printSettings, systemClock } = await import('@halfmq/broker');
  const properties = {
    ...flags.option,
    ...(flags.namesrvAddr !== undefined && { namesrvAddr: flags.namesrvAddr }),
    ...(flags.store !== undefined && { storePathRootDir: flags.store }),
  };
  const options = { properties, configFile: flags.configFile };
  const settings = resolveSettings(options);
  if (flags.print) return void process.stdout.write(`${printSettings(settings)}\n`);
  await serve(async () => {
    loadSooner('@halfmq/broker/rooms');
    const broker = await startBroker({
      ...options,
      clock: systemClock,
      log: lineLog(systemClock, process.env),
    });
    process.stdout.write(`${brokerBootLine(broker, settings.config.namesrvAddr)}\n`);
    return broker;
  });
}

/** RocketMQ's words; scripts wait for "boot success". */
export function brokerBootLine(
  broker: { readonly name: string; readonly address: string; readonly httpPort: number | undefined },
  nameServers: string,
): string {
  const registered =
    nameServers === '' ? 'registered nowhere (no -n was given)' : `name server is ${nameServers}`;
  const http = broker.httpPort === undefined ? '' : `, HTTP port ${broker.httpPort}`;
  return `The broker[${broker.name}, ${broker.address}] boot success. serializeType=JSON and ${registered}${http}`;
}
