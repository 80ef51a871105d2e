/**
 * A member of a group in order that never ends with the third message of a key. It says what it begins and ends, and is to be killed.
 * node mortal-consumer.js NAME_SERVERS TOPIC GROUP pull|pop
 */
import { HalfmqClient } from '@halfmq/transaction';

const [, , nameServers = '', topic = '', group = '', by] = process.argv;
const client = new HalfmqClient({ nameServers });
await client.start();
const consumer = client.consumer({
  group,
  subscriptions: { [topic]: '*' },
  from: 'first',
  order: 'key',
  ...(by === 'pop' && { by, invisibleTime: '5s' }),
  handle: async ({ body }) => {
    process.stdout.write(`begins ${body.toString()}\n`);
    if (body.toString().endsWith(':3')) await new Promise(() => undefined);
    process.stdout.write(`ends ${body.toString()}\n`);
  },
});
await consumer.start();
