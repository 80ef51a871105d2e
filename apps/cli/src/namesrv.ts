import { Command } from 'commander';
import { collectAssignment, type Assignments } from './assignments.js';
import { examples } from './examples.js';
import { lineLog } from './line-log.js';
import { serve } from './serve.js';

interface Flags {
  readonly configFile?: string;
  readonly port?: string;
  readonly option?: Assignments;
  readonly print?: boolean;
}

export function namesrvCommand(): Command {
  return new Command('namesrv')
    .summary('start a name server')
    .description('Starts a name server: brokers register with it, clients ask it where a topic is.')
    .option('-c, --configFile <file>', 'settings in a .properties file, by the names of RocketMQ')
    .option('--port <number>', 'port to listen on (listenPort), 9876 when nobody says otherwise')
    .option('-o, --option <name=value>', 'one setting; may be given often', collectAssignment)
    .option('-p, --print', 'print all settings with where they come from, and end')
    .addHelpText(
      'after',
      examples({
        'halfmq namesrv': 'on port 9876',
        'halfmq namesrv --port 9877': 'a second one; they need not know each other',
        'halfmq namesrv -c namesrv.properties': "with RocketMQ's own file",
        'halfmq namesrv -o kvConfigPath=./kv.json': 'keep the key-value table over a restart',
        'halfmq namesrv -p': 'what are the settings, and from where?',
      }),
    )
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const { startNamesrv, resolveSettings, printSettings, systemClock } = await import('@halfmq/namesrv');
  const properties = { ...flags.option, ...(flags.port !== undefined && { listenPort: flags.port }) };
  const options = { properties, configFile: flags.configFile };
  const settings = resolveSettings(options);
  if (flags.print) return void process.stdout.write(`${printSettings(settings)}\n`);
  await serve(async () => {
    const namesrv = await startNamesrv({
      ...options,
      clock: systemClock,
      log: lineLog(systemClock, process.env),
    });
    process.stdout.write(`${namesrvBootLine(`${settings.config.bindAddress}:${namesrv.port}`)}\n`);
    return namesrv;
  });
}

/** RocketMQ's words; scripts wait for "boot success". */
export function namesrvBootLine(address: string): string {
  return `The Name Server boot success. serializeType=JSON, address ${address}`;
}
