/** Without Nest: sends one message, and handles it and one that came over HTTP. */
import { HalfmqClient } from '@halfmq/transaction';

const client = new HalfmqClient({ nameServers: process.env['NAME_SERVERS'] ?? '127.0.0.1:9876' });
await client.start();
const wanted = new Set(['hello', '{"orderId":"1","sku":"tea"}']);
await new Promise<void>((resolve, reject) => {
  const consumer = client.consumer({
    group: 'plain',
    subscriptions: { greetings: '*', 'shop-order-placed': 'web' },
    from: 'first',
    handle: async (message) => {
      wanted.delete(message.body.toString());
      if (wanted.size === 0) resolve();
    },
  });
  consumer
    .start()
    .then(() => client.producer().send({ topic: 'greetings', body: 'hello', keys: ['7'] }))
    .catch(reject);
});
await client.close();
process.stdout.write('both were handled\n');
