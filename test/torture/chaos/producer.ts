/**
 * A service that changes its database and sends messages, as fast as it can, until it is told to stop; then it only
 * answers checks.
 * node producer.js NAME_SERVERS DATABASE_URL SEED
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as passed } from 'node:timers/promises';
import { subscribe } from 'node:diagnostics_channel';
import { HalfmqClient, topic, VerdictConflict } from '@halfmq/transaction';
import { TypeOrmTransactions } from '@halfmq/transaction/typeorm';
import { DataSource } from 'typeorm';
import { Random } from '../../power/random.js';
import { endWithParent, tell, TOPICS } from './told.js';

const [, , nameServers = '', url = '', seed = '0'] = process.argv;
const AT_ONCE = 4;
/** Of all transactions. */
const ROLLED_BACK = 0.15;
const SLOW = 0.005;
/** Longer than the broker waits with its first check. */
const SLOW_S = 1.5;
const PAUSE_MS = 200;

class OnPurpose extends Error {}

const random = new Random(Number(seed));
const load = { running: true };

endWithParent();
const dataSource = await new DataSource({ type: 'postgres', url, poolSize: AT_ONCE + 3 }).initialize();
const client = new HalfmqClient({ nameServers });
const halves = client.transactionProducer({
  group: 'chaos-producers',
  topics: ['*'],
  check: async (message) => {
    const answer = await transactions.check(message);
    tell('check');
    return answer;
  },
});
const transactions: TypeOrmTransactions = new TypeOrmTransactions({ dataSource, halves });
await Promise.all([client.start(), transactions.start()]);
subscribe('halfmq:transaction:verdict-conflict', () => tell('conflict'));
process.on('message', () => (load.running = false));
tell('ready');

async function order(): Promise<void> {
  const id = randomUUID();
  const [fails, isSlow, delayed] = [random.chance(ROLLED_BACK), random.chance(SLOW), random.chance(0.1)];
  await transactions.run(async (manager, send) => {
    await manager.query('INSERT INTO orders (id) VALUES ($1)', [id]);
    for (const name of TOPICS) send(topic<string>(name), id, delayed ? { delay: '1s' } : {});
    if (isSlow) await manager.query('INSERT INTO slow VALUES ($1)', [SLOW_S]);
    if (fails) throw new OnPurpose();
  });
}

async function lane(): Promise<void> {
  while (load.running) {
    try {
      await order();
      tell('committed');
    } catch (error) {
      if (error instanceof OnPurpose) tell('rolledBack');
      else await failed(error);
    }
  }
}

async function failed(error: unknown): Promise<void> {
  // the channel has told of it
  if (error instanceof VerdictConflict) return;
  const isOvertaken = error instanceof Error && /rolled back/i.test(error.message);
  tell(isOvertaken ? 'overtaken' : 'failed');
  await passed(PAUSE_MS);
}

await Promise.all(Array.from({ length: AT_ONCE }, lane));
