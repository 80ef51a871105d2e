import { Command } from 'commander';
import { collectAssignment, type Assignments } from './assignments.js';
import { examples } from './examples.js';
import { LOG_OPTION, withLog } from './log.js';
import { serve } from './serve.js';

/** What may be given to a name server, by whichever command. */
export interface NamesrvWish {
  readonly configFile?: string | undefined;
  readonly port?: string;
  readonly option?: Assignments;
  readonly print?: boolean | undefined;
  readonly log?: string;
}

export function namesrvCommand(): Command {
  return new Command('namesrv')
    .summary('start a name server')
    .description('Starts a name server: brokers register with it, clients ask it where a topic is.')
    .option('-c, --configFile <file>', 'settings in a .properties file, by the names of RocketMQ')
    .option('--port <number>', 'port to listen on (listenPort), 9876 when nobody says otherwise')
    .option('-o, --option <name=value>', 'one setting; may be given often', collectAssignment)
    .option('-p, --print', 'print all settings with where they come from, and end')
    .option('--log <where>', LOG_OPTION)
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
    .action((flags: NamesrvWish) => runNamesrv(flags));
}

/** @param serveIt runs it until a signal */
export async function runNamesrv(wish: NamesrvWish, serveIt = serve): Promise<void> {
  const { startNamesrv, resolveSettings, printSettings, systemClock } = await import('@halfmq/namesrv');
  const properties = { ...wish.option, ...(wish.port !== undefined && { listenPort: wish.port }) };
  const options = { properties, configFile: wish.configFile };
  const settings = resolveSettings(options);
  if (wish.print) return void process.stdout.write(`${printSettings(settings)}\n`);
  await serveIt(() =>
    withLog(systemClock, wish.log, async (log) => {
      const namesrv = await startNamesrv({ ...options, clock: systemClock, log });
      process.stdout.write(`${namesrvBootLine(`${settings.config.bindAddress}:${namesrv.port}`)}\n`);
      return namesrv;
    }),
  );
}

/** RocketMQ's words; scripts wait for "boot success". */
export function namesrvBootLine(address: string): string {
  return `The Name Server boot success. serializeType=JSON, address ${address}`;
}
