import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { brokerCommand } from './broker.js';
import { devCommand } from './dev.js';
import { examples } from './examples.js';
import { namesrvCommand } from './namesrv.js';
import { proxyCommand } from './proxy.js';
import { sendCommand } from './send.js';
import { shopCommand } from './shop.js';
import { storeCommand } from './store.js';
import { txCommand } from './tx.js';

/** All of `halfmq`. Each command loads what it runs when it is called: asking for help loads neither Nest nor LMDB. */
export function createProgram(): Command {
  const program = new Command('halfmq')
    .description(
      'A name server and a broker that speak RocketMQ, and messages that agree with your database.',
    )
    .version(version(), '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this, or the help of one command')
    .helpCommand('help [command]', 'show the help of one command')
    .addHelpText(
      'after',
      examples({
        'halfmq dev': 'name server and broker in one process, for this machine',
        'halfmq send greetings "hello"': 'send one message to it',
        'halfmq shop': 'the demo shop, with all it needs',
        'halfmq help broker': "every option of the broker's command",
      }),
    );
  const commands = [
    devCommand(),
    namesrvCommand(),
    brokerCommand(),
    proxyCommand(),
    shopCommand(),
    sendCommand(),
    storeCommand(),
    txCommand(),
  ];
  for (const command of commands) {
    command
      .helpOption('-h, --help', 'show this')
      .showHelpAfterError(`(halfmq ${command.name()} --help shows options and examples)`);
    program.addCommand(command);
  }
  return program.showHelpAfterError('(halfmq --help shows all commands)');
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
