import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import type { Clock } from '@halfmq/transaction';
import { collectAssignment, type Assignments } from './assignments.js';
import { type BrokerWish, runBroker } from './broker.js';
import { examples } from './examples.js';
import { runNamesrv } from './namesrv.js';
import { PidFiles, runFolder, type Kind, type Noted } from './pid-files.js';
import { serve, type Running } from './serve.js';

/*
 * The commands of a RocketMQ installation, with the options of its scripts (bin/mqnamesrv, bin/mqbroker,
 * bin/mqshutdown), so that what starts and stops a RocketMQ starts and stops this.
 */

/** A broker that has 30 s for what it accepted, and some for its disk. */
const END_LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 50;

interface ServerFlags {
  readonly namesrvAddr?: string;
  readonly configFile?: string;
  readonly printConfigItem?: boolean;
}

interface BrokerFlags extends ServerFlags {
  readonly printImportantConfig?: boolean;
  readonly enableProxy?: boolean;
}

export function mqnamesrv(): Command {
  return server('mqnamesrv')
    .description('Starts a name server, as mqnamesrv of RocketMQ; mqshutdown namesrv ends it.')
    .addHelpText(
      'after',
      examples({
        mqnamesrv: 'on port 9876',
        'mqnamesrv -c namesrv.properties': 'with a file, listenPort=9877 in it for one',
        'nohup mqnamesrv > namesrv.log 2>&1 &': 'goes on when the terminal is closed',
      }),
    )
    .action(({ configFile, printConfigItem }: ServerFlags) =>
      runNamesrv({ configFile, print: printConfigItem }, (start) => serveNoted('namesrv', start)),
    );
}

export function mqbroker(): Command {
  return server('mqbroker')
    .description('Starts a broker, as mqbroker of RocketMQ; mqshutdown broker ends it.')
    .option('-m, --printImportantConfig', 'print the settings most people set, and end')
    .addOption(new Option('--enable-proxy').hideHelp())
    .addArgument(
      new Argument('[setting...]', 'settings, such as autoCreateTopicEnable=true').argParser(collectSetting),
    )
    .addHelpText(
      'after',
      examples({
        'mqbroker -n 127.0.0.1:9876': 'register with one name server',
        'mqbroker -n "a:9876;b:9876" -c conf/broker.conf': "two name servers, and RocketMQ's own file",
        'mqbroker -n 127.0.0.1:9876 autoCreateTopicEnable=false': 'with a setting',
        'mqbroker -c conf/broker.conf -p': 'what are the settings, and from where?',
      }),
    )
    .action((settings: Assignments | undefined, flags: BrokerFlags) => startBroker(settings, flags));
}

function startBroker(settings: Assignments | undefined, flags: BrokerFlags): Promise<void> {
  if (flags.enableProxy) {
    process.stderr.write(
      '--enable-proxy: no proxy is started, gRPC clients connect to the broker itself (grpcServerPort)\n',
    );
  }
  const { namesrvAddr, configFile } = flags;
  const wish: BrokerWish = {
    namesrvAddr,
    configFile,
    option: settings,
    print: flags.printConfigItem ?? (flags.printImportantConfig && 'important'),
  };
  return runBroker(wish, (start) => serveNoted('broker', start));
}

/** RocketMQ passes such words over; who writes one wants it to count. */
function collectSetting(text: string, before: Assignments | undefined): Assignments {
  try {
    return collectAssignment(text, before);
  } catch {
    throw new InvalidArgumentError('expected an option, or a setting as name=value.');
  }
}

function server(name: string): Command {
  return base(name)
    .option('-n, --namesrvAddr <address>', 'name servers, several separated by ;')
    .option('-c, --configFile <file>', 'settings in a .properties file, by the names of RocketMQ')
    .option('-p, --printConfigItem', 'print all settings with where they come from, and end');
}

export function mqshutdown(): Command {
  return base('mqshutdown')
    .description(
      `Ends what mqbroker and mqnamesrv of this user have started (their process ids are in ${runFolder()}), and waits until it has ended.`,
    )
    .argument('<what>', 'broker or namesrv')
    .addHelpText(
      'after',
      examples({ 'mqshutdown broker': 'every mqbroker', 'mqshutdown namesrv': 'every mqnamesrv' }),
    )
    .action(shutdown);
}

function base(name: string): Command {
  return new Command(name)
    .helpOption('-h, --help', 'show this')
    .showHelpAfterError(`(${name} --help shows options and examples)`);
}

/** Noted before it has started: it may be ended from then on. */
function serveNoted(kind: Kind, start: () => Promise<Running>): Promise<void> {
  return serve(async () => {
    const forget = await noted(kind);
    try {
      const running = await start();
      return { close: () => running.close().finally(forget) };
    } catch (error) {
      forget();
      throw error;
    }
  });
}

/** A server that nobody can note is a server all the same. */
async function noted(kind: Kind): Promise<() => void> {
  try {
    const { processStart } = await import('@halfmq/store/tools');
    return new PidFiles(processStart).note(kind);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    process.stderr.write(
      `mqshutdown ${kind} will not find this process: ${runFolder()} cannot be written (${code ?? message})\n`,
    );
    return () => undefined;
  }
}

async function shutdown(what: string): Promise<void> {
  if (what !== 'broker' && what !== 'namesrv') {
    throw new Error(`${ABSENT[what] ?? `there is no ${what}`}: mqshutdown broker, or mqshutdown namesrv`);
  }
  const { processStart, systemClock } = await import('@halfmq/store/tools');
  const files = new PidFiles(processStart);
  const running = files.running(what);
  const name = `mq${what}`;
  if (running.length === 0) {
    throw new Error(
      `No ${name} running. What was started as halfmq ${what}, or by another user, is ended by SIGTERM`,
    );
  }
  const refused = running.filter(({ pid }) => !asked(name, pid));
  await ended(() => running.filter((one) => !refused.includes(one) && files.lives(one)), systemClock);
  if (refused.length > 0) throw new Error(`not allowed to end ${pidsOf(refused)}: do it as their user`);
}

const pidsOf = (all: readonly Noted[]): string => all.map(({ pid }) => pid).join(', ');

const ABSENT: Readonly<Record<string, string>> = {
  proxy: 'no proxy runs beside this broker, gRPC clients connect to it',
  controller: 'there is no controller, as this broker keeps no replicas yet',
  brokerContainer: 'there are no broker containers, each broker is a process',
};

/** In RocketMQ's words. @returns false: not allowed */
function asked(name: string, pid: number): boolean {
  process.stdout.write(`The ${name}(${pid}) is running...\n`);
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    // it ended by itself meanwhile: that is what was wanted
    if ((error as NodeJS.ErrnoException).code === 'EPERM') return false;
  }
  process.stdout.write(`Send shutdown request to ${name}(${pid}) OK\n`);
  return true;
}

/** @throws Error when some have not ended in time */
async function ended(left: () => Noted[], clock: Clock): Promise<void> {
  const deadline = clock.monotonic() + END_LIMIT_MS;
  for (let late = left(); late.length > 0; late = left()) {
    if (clock.monotonic() > deadline) {
      throw new Error(
        `${pidsOf(late)} still runs after 60 s: look at its log; kill -9 ends it, nothing answered is lost`,
      );
    }
    await new Promise<void>((resolve) => clock.after(LOOK_EVERY_MS, resolve));
  }
}
