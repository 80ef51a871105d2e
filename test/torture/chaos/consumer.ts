/**
 * A service that notes each order it hears of once for each topic.
 * node consumer.js NAME_SERVERS DATABASE_URL
 */
import { HalfmqClient } from '@halfmq/transaction';
import { TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import { DataSource } from 'typeorm';
import { endWithParent, tell, TOPICS } from './told.js';

const [, , nameServers = '', url = ''] = process.argv;
const GROUP = 'chaos-consumers';
const TRIES = 1_000;

endWithParent();
const dataSource = await new DataSource({ type: 'postgres', url }).initialize();
const client = new HalfmqClient({ nameServers });
const halves = client.transactionProducer({
  group: 'chaos-handlers',
  topics: ['*'],
  check: (one) => transactions.check(one),
});
const transactions: TypeOrmTransactions = new TypeOrmTransactions({ dataSource, halves });
await Promise.all([client.start(), transactions.start()]);
const consumer = client.consumer({
  group: GROUP,
  subscriptions: Object.fromEntries(TOPICS.map((name) => [name, '*'])),
  from: 'first',
  maxReconsumeTimes: TRIES,
  handle: async (message) => {
    const id = JSON.parse(message.body.toString()) as string;
    const isFirst = await transactions.once({ group: GROUP, message }, (manager) =>
      manager.query('INSERT INTO effects (id, topic) VALUES ($1, $2)', [id, message.topic]),
    );
    tell(isFirst ? 'handled' : 'suppressed');
  },
});
await consumer.start();
tell('ready');
