import { HalfmqClient } from '@halfmq/transaction';

const client = new HalfmqClient({ nameServers: process.env.NAME_SERVERS ?? '127.0.0.1:9876' });
await client.start();
const consumer = client.consumer({
  group: 'greeters',
  subscriptions: { greetings: '*' },
  from: 'first', // also what was sent before this group was there
  handle: async (message) => console.log(`heard ${message.body.toString()}`),
});
await consumer.start();
process.once('SIGINT', () => void client.close()); // what runs ends, and the group's place is remembered
