import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import type {
  Barrier,
  InboxKey,
  KeptMessage,
  OutboxRows,
  Step,
  StepFound,
  WaitingMessage,
} from '@halfmq/transaction';
import { committed, DAY_MS, type TestedDatabase, Trial } from './tested-database.js';

/**
 * What every implementation of the Barrier port promises of its tables.
 * @param sessions false: all share one connection, so no row is in use by another
 */
export function tablesConformance<Manager>(of: () => TestedDatabase<Manager>, sessions = true): void {
  const trial = new Trial(of);
  const itWithSessions = sessions ? it : () => undefined;
  afterEach(() => trial.end());

  describe('the inbox', () => {
    const keyOf = (key: Partial<InboxKey> = {}): InboxKey => ({
      group: 'stock',
      topic: 'orders',
      uniqueKey: randomUUID(),
      replay: '',
      ...key,
    });
    const marked = async (barrier: Barrier<Manager>, key: InboxKey): Promise<boolean> => {
      const transaction = await barrier.begin();
      const first = await transaction.mark(key);
      await transaction.commit();
      return first;
    };

    it('takes a message once, and again when its handling was rolled back', async () => {
      const barrier = await trial.barrierOn();
      const key = keyOf();
      const failed = await barrier.begin();
      expect(await failed.mark(key)).toBe(true);
      await failed.rollback();
      expect(await marked(barrier, key)).toBe(true);
      expect(await marked(barrier, key)).toBe(false);
    });

    it('holds what differs in group, topic, replay or the case of a letter for different', async () => {
      const barrier = await trial.barrierOn();
      const key = keyOf({ uniqueKey: `a-${randomUUID()}` });
      const others = [
        { group: 'bill' },
        { topic: 'ORDERS' },
        { replay: 'monday' },
        { uniqueKey: `A${key.uniqueKey.slice(1)}` },
      ];
      for (const other of [{}, ...others]) expect(await marked(barrier, { ...key, ...other })).toBe(true);
    });

    it('takes it once when it comes to three at a time', async () => {
      const barrier = await trial.barrierOn(4);
      const key = keyOf();
      const first = await barrier.begin();
      expect(await first.mark(key)).toBe(true);
      const others = [marked(barrier, key), marked(barrier, key)];
      await first.commit();
      expect(await Promise.all(others)).toEqual([false, false]);
    });
  });

  describe('a try/cancel pair', () => {
    const entered = async (barrier: Barrier<Manager>, step: Step): Promise<StepFound> => {
      const transaction = await barrier.begin();
      const found = await transaction.enter(step);
      await transaction.commit();
      return found;
    };
    const pair = (id: string, kind: Step['kind']): Step => ({ kind, name: 'charge', id });

    it('is tried once and cancelled once', async () => {
      const barrier = await trial.barrierOn();
      const id = randomUUID();
      const kinds = ['try', 'try', 'cancel', 'cancel', 'try'] as const;
      const found: StepFound[] = [];
      for (const kind of kinds) found.push(await entered(barrier, pair(id, kind)));
      expect(found).toEqual(['first', 'repeated', 'first', 'repeated', 'cancelled']);
    });

    it('is never tried after a cancel that came first', async () => {
      const barrier = await trial.barrierOn();
      const id = randomUUID();
      expect(await entered(barrier, pair(id, 'cancel'))).toBe('nothing');
      expect(await entered(barrier, pair(id, 'try'))).toBe('cancelled');
      expect(await entered(barrier, pair(id, 'cancel'))).toBe('repeated');
    });

    it('is as if it had not been when its transaction is rolled back', async () => {
      const barrier = await trial.barrierOn();
      const id = randomUUID();
      for (const kind of ['try', 'cancel'] as const) {
        const failed = await barrier.begin();
        await failed.enter(pair(id, kind));
        await failed.rollback();
        expect(await entered(barrier, pair(id, kind))).toBe('first');
      }
    });

    it('waits for the other half', async () => {
      const barrier = await trial.barrierOn(4);
      const id = randomUUID();
      const open = await barrier.begin();
      expect(await open.enter(pair(id, 'try'))).toBe('first');
      const cancel = entered(barrier, pair(id, 'cancel'));
      await open.commit();
      expect(await cancel).toBe('first');
    });
  });

  describe('the outbox, where there is one', () => {
    const tea: KeptMessage = {
      uniqueKey: 'key-tea',
      message: {
        topic: `orders-${randomUUID()}`,
        body: Buffer.from([0, 1, 0xff]),
        orderingKey: 'k',
        tag: 'a',
        keys: ['o-1'],
        properties: { shop: 'berlin \u0000 "1"' },
        delayMs: 60_000,
      },
    };
    const rum: KeptMessage = { uniqueKey: 'key-rum', message: { topic: tea.message.topic, body: 'rum' } };
    /** Does it in a transaction that commits; undefined where this database has no outbox. */
    const inOutbox = async <R>(barrier: Barrier<Manager>, act: (rows: OutboxRows) => Promise<R>) => {
      const transaction = await barrier.begin();
      expect(transaction.outbox !== undefined).toBe(barrier.keepsOutbox);
      const result = transaction.outbox && (await act(transaction.outbox));
      await transaction.commit();
      return result;
    };
    const mine = (waiting: readonly WaitingMessage[] | undefined): readonly WaitingMessage[] | undefined =>
      waiting?.filter(({ message }) => message.topic === tea.message.topic);

    it('keeps messages as they are, in their order, until they are removed', async () => {
      const barrier = await trial.barrierAtRest();
      const failed = await barrier.begin();
      await failed.outbox?.keep([tea]);
      await failed.rollback();
      const begin = { after: '0', without: [] };
      expect(mine(await inOutbox(barrier, (rows) => rows.take(begin))) ?? []).toEqual([]);
      await inOutbox(barrier, (rows) => rows.keep([tea, rum]));
      const taken = mine(await inOutbox(barrier, (rows) => rows.take(begin)));
      if (!taken) return;
      expect(taken.map(({ uniqueKey, message }) => ({ uniqueKey, message }))).toEqual([
        tea,
        { ...rum, message: { ...rum.message, body: Buffer.from('rum') } },
      ]);
      const [first] = taken;
      const ids = taken.map(({ id }) => id);
      expect(await inOutbox(barrier, (rows) => rows.holds([tea.message]))).toBe(true);
      expect(
        mine(await inOutbox(barrier, (rows) => rows.take({ ...begin, after: first?.id ?? '' }))),
      ).toHaveLength(1);
      const without = [tea.message.topic];
      expect(mine(await inOutbox(barrier, (rows) => rows.take({ ...begin, without })))).toEqual([]);
      await inOutbox(barrier, (rows) => rows.remove(ids));
      expect(await inOutbox(barrier, (rows) => rows.holds([tea.message]))).toBe(false);
    });

    it('gives them to one transaction at a time', async () => {
      const barrier = await trial.barrierAtRest(4);
      const begin = { after: '0', without: [] };
      const first = await barrier.begin();
      if (!first.outbox) return first.rollback();
      await first.outbox.take(begin);
      expect(await inOutbox(barrier, (rows) => rows.take(begin))).toBeUndefined();
      await first.rollback();
      expect(await inOutbox(barrier, (rows) => rows.take(begin))).toBeDefined();
    });

    it('makes the writers of one ordering key wait for each other', async () => {
      const barrier = await trial.barrierAtRest(4);
      const first = await barrier.begin();
      await first.outbox?.keep([tea]);
      if (!first.outbox) return first.rollback();
      let second = false;
      const other = inOutbox(barrier, (rows) => rows.keep([tea])).then(() => (second = true));
      await inOutbox(barrier, (rows) => rows.keep([rum]));
      expect(second).toBe(false);
      await first.commit();
      await other;
    });
  });

  describe('pruning', () => {
    const old = async (rows: number): Promise<void> => {
      const ids = Array.from({ length: rows }, (_, n) => n);
      const barrier = ids.map((n) => `('old-${n}', 'committed', ${trial.database.ago(8 * DAY_MS + n)})`);
      await trial.database.query(
        `INSERT INTO halfmq_barrier (transaction_id, state, created_at) VALUES ${barrier.join()}`,
      );
      const inbox = ids.map((n) => `('group', 'topic', 'old-${n}', ${trial.database.ago(8 * DAY_MS + n)})`);
      await trial.database.query(
        `INSERT INTO halfmq_inbox (consumer_group, topic, unique_key, created_at) VALUES ${inbox.join()}`,
      );
    };

    it('deletes what is old, and nothing else', async () => {
      const adapted = await trial.make();
      await trial.database.query('DELETE FROM halfmq_barrier');
      await trial.database.query('DELETE FROM halfmq_inbox');
      const young = await committed(adapted.rows);
      await old(2_500);
      await adapted.prune();
      expect([await trial.count('halfmq_barrier'), await trial.count('halfmq_inbox')]).toEqual([1, 0]);
      expect(await adapted.rows.decide(young)).toBe('commit');
    });

    itWithSessions('passes over a row that is in use', async () => {
      const adapted = await trial.make();
      await trial.database.query('DELETE FROM halfmq_barrier');
      await old(3);
      const busy = await adapted.rows.begin();
      await trial.database.run(
        busy.manager,
        "SELECT 1 FROM halfmq_barrier WHERE transaction_id = 'old-1' FOR UPDATE",
      );
      await adapted.prune();
      await busy.commit();
      const left = await trial.database.query('SELECT transaction_id AS id FROM halfmq_barrier');
      expect(left.map((row) => String(row['id']))).toEqual(['old-1']);
    });

    it('leaves a late check with no answer, and with nothing written', async () => {
      const adapted = await trial.make();
      const stamp = await committed(adapted.rows);
      await trial.database.query(
        `UPDATE halfmq_barrier SET created_at = ${trial.database.ago(8 * DAY_MS)} WHERE transaction_id = '${stamp.transactionId}'`,
      );
      const late = { ...stamp, at: stamp.at - 8 * DAY_MS };
      expect(await adapted.rows.decide(late)).toBe('commit');
      await adapted.prune();
      expect(await adapted.rows.decide(late)).toBe('unknown');
      expect(await trial.stateOf(late)).toBeUndefined();
    });
  });

  describe('the tables', () => {
    it('are asked for with the SQL that makes them, when they are missing and not to be made', async () => {
      for (const table of ['barrier', 'inbox', 'source'])
        await trial.database.query(`DROP TABLE IF EXISTS halfmq_${table}`);
      const strict = await trial.open({ connections: 1, createTables: false });
      const message = await strict.start().then(
        () => '',
        (error: Error) => error.message,
      );
      expect(message).toContain('halfmq_barrier, halfmq_inbox, halfmq_source are missing');
      const [, sql = ''] = message.split('\n\n');
      for (const statement of sql.split(/;\n/).filter(Boolean)) await trial.database.query(statement);
      await strict.start();
      await committed(strict.rows);
    });

    it('are made once by those who start together', async () => {
      for (const table of ['barrier', 'inbox', 'source'])
        await trial.database.query(`DROP TABLE halfmq_${table}`);
      const all = await Promise.all(Array.from({ length: 4 }, () => trial.open({ connections: 1 })));
      await Promise.all(all.map((adapted) => adapted.start()));
      const stamp = await committed(all[0]?.rows as Barrier<Manager>);
      for (const { rows } of all) expect(await rows.decide(stamp)).toBe('commit');
    });
  });
}
