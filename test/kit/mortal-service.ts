/**
 * A service that places one order in a transaction and is killed at a named step of it.
 * node mortal-service.js NAME_SERVERS DATABASE_URL STEP
 */
import { channel } from 'node:diagnostics_channel';
import { HalfmqClient, topic } from '@halfmq/transaction';
import { TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import { DataSource } from 'typeorm';

const [, , nameServers = '', url = '', step = ''] = process.argv;
const dataSource = await new DataSource({ type: 'postgres', url }).initialize();
const client = new HalfmqClient({ nameServers });
const halves = client.transactionProducer({
  group: 'mortals',
  topics: ['*'],
  check: (message) => transactions.check(message),
});
const transactions: TypeOrmTransactions = new TypeOrmTransactions({ dataSource, halves });
await Promise.all([client.start(), transactions.start()]);

channel(`halfmq:transaction:${step}`).subscribe(() => process.kill(process.pid, 'SIGKILL'));
await transactions.run(async (manager, send) => {
  await manager.query('INSERT INTO orders VALUES ($1)', [step]);
  send(topic<{ step: string }>('mortal-orders'), { step });
  send(topic<{ step: string }>('mortal-bills'), { step });
});
