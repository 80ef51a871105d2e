import { Command } from 'commander';
import { collectAssignment, collectText, type Assignments } from './assignments.js';
import { examples } from './examples.js';

/** Long enough for a name server that starts at the same time; a wrong address is said soon. */
const START_TIMEOUT_MS = 1_000;

interface Flags {
  readonly namesrvAddr?: string;
  readonly tag?: string;
  readonly key?: readonly string[];
  readonly property?: Assignments;
}

export function sendCommand(): Command {
  return new Command('send')
    .summary('send one message')
    .description('Sends one message and prints where it was stored.')
    .argument('<topic>', 'topic to send to')
    .argument('<body>', 'what to send, as UTF-8; - reads it from standard input')
    .option('-n, --namesrvAddr <address>', 'name server; NAMESRV_ADDR, then 127.0.0.1:9876, when not given')
    .option('--tag <tag>', 'tag, by which consumers filter')
    .option('--key <key>', 'key, by which the message is found again; may be given often', collectText)
    .option('--property <name=value>', 'property of your own; may be given often', collectAssignment)
    .addHelpText(
      'after',
      examples({
        'halfmq send greetings "hello"': 'to the broker on this machine',
        'halfmq send orders \'{"id":7}\' --tag created --key 7': 'with a tag and a key',
        'halfmq send orders - < order.json': 'the body from a file',
        'halfmq send orders hi -n "a:9876;b:9876"': 'through other name servers',
      }),
    )
    .action(send);
}

async function send(topic: string, body: string, flags: Flags): Promise<void> {
  const { HalfmqClient } = await import('@halfmq/transaction');
  const nameServers = flags.namesrvAddr ?? process.env['NAMESRV_ADDR'] ?? '127.0.0.1:9876';
  const client = new HalfmqClient({ nameServers, startTimeoutMs: START_TIMEOUT_MS });
  try {
    await client.start();
    const receipt = await client.producer({ group: 'halfmq-cli' }).send({
      topic,
      body: body === '-' ? await readInput() : body,
      ...(flags.tag !== undefined && { tag: flags.tag }),
      ...(flags.key !== undefined && { keys: flags.key }),
      ...(flags.property !== undefined && { properties: flags.property }),
    });
    const place = `${receipt.brokerName}, queue ${receipt.queueId}, offset ${receipt.queueOffset}`;
    process.stdout.write(`${receipt.messageId} stored in ${receipt.topic} at ${place}\n`);
  } finally {
    await client.close();
  }
}

async function readInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Buffer));
  return Buffer.concat(chunks);
}
