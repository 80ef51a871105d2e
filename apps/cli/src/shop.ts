import { Command } from 'commander';
import { examples } from './examples.js';

interface Flags {
  readonly namesrvAddr?: string;
}

export function shopCommand(): Command {
  return new Command('shop')
    .summary('start the demo shop')
    .description(
      'Starts the demo shop: order, payment and stock, and shipping where python3 is installed, each a process with a database of its own, and whatever of name server, broker and PostgreSQL is not there yet.',
    )
    .option('-n, --namesrvAddr <address>', 'use the brokers of this name server instead of starting some')
    .addHelpText(
      'after',
      examples({
        'halfmq shop': 'everything, then open http://localhost:3000',
        'halfmq shop -n 127.0.0.1:9876': 'on brokers that run already, ours or Apache RocketMQ',
        'DATABASE_URL=postgres://… halfmq shop': 'on a PostgreSQL of yours',
        'HALFMQ_SHOP_PORT=3001 halfmq shop': 'when port 3000 is taken',
        'HALFMQ_SHOP_PYTHON=python3.12 halfmq shop': 'shipping by this Python',
      }),
    )
    .action(async ({ namesrvAddr }: Flags) => {
      const { runShop } = await import('@halfmq/demo-shop').catch(explained);
      // it prints what runs where, and stops in order on SIGINT and SIGTERM
      await runShop({ nameServers: namesrvAddr });
    });
}

/** The shop is no package to be installed. */
function explained(error: unknown): never {
  if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
  throw new Error(
    'the demo shop comes with the source of HalfMQ: in a checkout of it say npm ci && npm start',
    {
      cause: error,
    },
  );
}
