/**
 * A service that relays an outbox and is killed when its first message is stored and its row is not yet deleted.
 * node mortal-relay.js NAME_SERVERS DATABASE_URL
 */
import { channel } from 'node:diagnostics_channel';
import { HalfmqClient } from '@halfmq/transaction';
import { TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import { DataSource } from 'typeorm';

const [, , nameServers = '', url = ''] = process.argv;
const dataSource = await new DataSource({ type: 'postgres', url }).initialize();
const client = new HalfmqClient({ nameServers });
const halves = client.transactionProducer({
  group: 'mortal-relays',
  topics: ['*'],
  check: (message) => transactions.check(message),
});
const transactions: TypeOrmTransactions = new TypeOrmTransactions({ dataSource, halves });
channel('halfmq:transaction:after-relay').subscribe(() => process.kill(process.pid, 'SIGKILL'));
await client.start();
await transactions.start();
