import { Command } from 'commander';
import { collectAssignment, type Assignments } from './assignments.js';
import { examples } from './examples.js';
import { LOG_OPTION, withLog } from './log.js';
import { serve } from './serve.js';

interface Flags {
  readonly namesrvAddr?: string | undefined;
  readonly configFile?: string | undefined;
  readonly port?: string;
  readonly option?: Assignments | undefined;
  readonly print?: boolean;
  readonly log?: string;
}

export function proxyCommand(): Command {
  return new Command('proxy')
    .summary("start gRPC and REST in front of brokers, also Apache RocketMQ's")
    .description(
      "Starts a proxy: RocketMQ 5's gRPC clients, and whoever speaks HTTP, reach every broker that the name servers know. It keeps nothing.",
    )
    .option('-n, --namesrvAddr <address>', 'name servers that know the brokers, several separated by ;')
    .option('-c, --configFile <file>', 'settings in a .properties file')
    .option('--port <number>', 'port of gRPC (grpcServerPort), 8081 unless told; 0: any free one')
    .option('-o, --option <name=value>', 'one setting; may be given often', collectAssignment)
    .option('-p, --print', 'print all settings with where they come from, and end')
    .option('--log <where>', LOG_OPTION)
    .addHelpText(
      'after',
      examples({
        'halfmq proxy -n 127.0.0.1:9876': 'gRPC on port 8081, REST on 8080 of this machine',
        'halfmq proxy -n a:9876 -o httpHost=0.0.0.0 -o httpPort=80': 'REST for others, too',
        'halfmq proxy -n "a:9876;b:9876" --port 8082': 'two name servers, another port',
        'halfmq proxy -n a:9876 -o grpcAdvertisedEndpoint=mq.example:443':
          'what clients are told to connect to',
        'halfmq proxy -n a:9876 -o tlsServerKeyPath=key.pem -o tlsServerCertPath=cert.pem':
          'with a certificate of your own',
        'halfmq proxy -n a:9876 -p': 'what are the settings, and from where?',
      }),
    )
    .action((flags: Flags) => runProxy(flags));
}

async function runProxy(flags: Flags): Promise<void> {
  const { startProxy, resolveSettings, printSettings, systemClock } = await import('@halfmq/proxy');
  const properties = {
    ...flags.option,
    ...(flags.namesrvAddr !== undefined && { namesrvAddr: flags.namesrvAddr }),
    ...(flags.port !== undefined && { grpcServerPort: flags.port }),
  };
  const options = { properties, configFile: flags.configFile };
  const settings = resolveSettings(options);
  if (flags.print) return void process.stdout.write(`${printSettings(settings)}\n`);
  await serve(() =>
    withLog(systemClock, flags.log, async (log) => {
      const proxy = await startProxy({ ...options, clock: systemClock, log });
      const { bindAddress, namesrvAddr, httpHost } = settings.config;
      const http = proxy.httpPort === undefined ? '' : `, HTTP at http://${httpHost}:${proxy.httpPort}`;
      process.stdout.write(
        `The proxy boot success. gRPC at ${bindAddress}:${proxy.port}, name server is ${namesrvAddr}${http}\n`,
      );
      return proxy;
    }),
  );
}
