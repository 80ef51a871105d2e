import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestBroker } from '@halfmq/testing';
import { CheckEndpoint } from '../kit/check-endpoint.js';
import { freePort } from '../kit/ports.js';
import { RestClient } from '../kit/rest.js';
import { TimedBroker } from '../kit/timed-broker.js';
import { until } from '../kit/until.js';
import type { WireClient } from '../kit/wire-client.js';

interface Shown {
  readonly state: string;
  readonly checks?: number;
  readonly verdict?: Record<string, unknown>;
  readonly messages: { messageId: string }[];
  readonly history: Record<string, unknown>[];
}

const order = (more: object = {}): object => ({
  group: 'shop',
  messages: [{ topic: 'orders', body: { id: 7 } }],
  ...more,
});

describe('a check URL', () => {
  let service: CheckEndpoint;
  let broker: TimedBroker;
  let client: WireClient;
  const rest = new RestClient(() => broker.httpPort);

  beforeEach(async () => {
    service = await CheckEndpoint.start();
    broker = await TimedBroker.start({ httpPort: String(await freePort()), transactionCheckMax: '3' });
    client = broker.client();
  });
  afterEach(async () => {
    await broker.close();
    await service.close();
  });

  async function bodies(topic: string): Promise<string[]> {
    const rows = await Promise.all([0, 1, 2, 3].map((queue) => client.bodies(topic, queue)));
    return rows.flat();
  }
  const one = (id: string): Promise<Shown & { status: number }> => rest.get(`transactions/${id}`);

  const begin = (more: object = {}): Promise<Shown & { status: number }> =>
    rest.put('transactions/o-7', order({ checkUrl: service.url, ...more }));
  /** Moves the clock, and waits until the service was asked so often in all. */
  const advance = async (ms: number, asked: number): Promise<void> => {
    await broker.clock.advance(ms);
    await until(`it is asked ${asked} times`, () => service.asked.length >= asked);
    expect(service.asked).toHaveLength(asked);
  };
  /** Moves the clock on in steps in which an answer has the time it needs. */
  const passes = (what: string, condition: () => boolean | Promise<boolean>): Promise<unknown> =>
    until(what, async () => {
      await broker.clock.advance(4_000);
      return condition();
    });
  const answered = (count: number): Promise<unknown> =>
    until(`${count} answers are counted`, async () => (await one('o-7')).checks === count);

  it.each(['{"verdict":"commit"}', 'commit', '"COMMIT"\n'])(
    'is asked after its time, and %s commits',
    async (body) => {
      service.body = body;
      const { messages } = await begin({ checkAfterMs: 20_000 });
      await broker.clock.advance(19_999);
      expect(service.asked).toEqual([]);
      await advance(1, 1);
      expect(service.asked[0]).toMatchObject({
        id: 'o-7',
        group: 'shop',
        checks: 1,
        messages: [{ topic: 'orders', body: '{"id":7}', messageId: messages[0]!.messageId }],
      });
      await until('it is delivered', async () => (await bodies('orders')).length === 1);
      expect((await one('o-7')).verdict).toMatchObject({ kind: 'commit', by: 'check' });
      await broker.clock.advance(1_000_000);
      expect(service.asked).toHaveLength(1);
    },
  );

  it('is asked less and less often while it does not know; then its transaction is parked, until it is recovered', async () => {
    await begin();
    for (const [at, ms] of [6_000, 30_000, 60_000].entries()) {
      await broker.clock.advance(ms - 1);
      expect(service.asked).toHaveLength(at);
      await advance(1, at + 1);
      await answered(at + 1);
    }
    await broker.clock.advance(120_000);
    expect((await one('o-7')).state).toBe('parked');
    await broker.clock.advance(1_000_000);
    expect(service.asked).toHaveLength(3);
    const recovered = await rest.post(
      'transactions/o-7/recover',
      { reason: 'the shop is back' },
      { 'x-halfmq-operator': 'ada' },
    );
    expect(recovered).toMatchObject({ status: 200, state: 'pending', checks: 0 });
    service.body = 'rollback';
    await advance(0, 4);
    await until('it is decided', async () => (await one('o-7')).state === 'rolledBack');
  });

  it('counts for not asked while nobody is there, or it fails, or is late; and is asked on when it is back', async () => {
    await begin();
    const { port } = service;
    await service.close();
    await broker.clock.advance(600_000);
    expect(await one('o-7')).toMatchObject({ state: 'pending', checks: 0 });
    service.status = 503;
    await service.listen(port);
    await passes('it was asked and failed', () => service.asked.length > 0);
    service.body = undefined;
    await passes('it was asked and said nothing', () => service.asked.length > 1);
    await broker.clock.advance(5_000);
    const { checks, history } = await one('o-7');
    expect(checks).toBe(0);
    expect(history).toMatchObject([
      { event: 'prepared' },
      {
        event: 'not asked',
        whom: service.url,
        why: expect.stringContaining('did not answer within 5000 ms'),
      },
    ]);
    service.status = 200;
    service.body = 'commit';
    await passes('it is delivered', async () => (await bodies('orders')).length === 1);
  });

  it('is tried by one of many that wait for it; when it is back, all are asked', async () => {
    const { port } = service;
    await service.close();
    const many = Array.from({ length: 50 }, (_, at) =>
      rest.put(`transactions/t${at}`, order({ checkUrl: service.url })),
    );
    await Promise.all(many);
    await passes('it was found away', async () => (await one('t0')).history.length > 1);
    service.body = 'commit';
    await service.listen(port);
    await passes('all are decided', () => broker.store.halves.pending === 0);
    expect(service.asked).toHaveLength(50);
    expect(await bodies('orders')).toHaveLength(50);
  });

  it('is asked about those that are undecided when it is back, whoever else was decided meanwhile', async () => {
    const { port } = service;
    await service.close();
    const ids = Array.from({ length: 330 }, (_, at) => `t${at}`);
    for (const id of ids) await rest.put(`transactions/${id}`, order({ checkUrl: service.url }));
    await passes('it was found away', async () => (await one('t0')).history.length > 1);
    await broker.clock.advance(60_000);
    for (const id of ids.slice(0, 310)) await rest.post(`transactions/${id}/commit`, {});
    service.body = 'commit';
    await service.listen(port);
    await rest.put('transactions/new', order({ checkUrl: service.url, checkAfterMs: 1_000 }));
    await passes('one is asked', () => service.asked.length > 0);
    const answered = broker.clock.now();
    await passes('all are decided', () => broker.store.halves.pending === 0);
    expect(broker.clock.now() - answered).toBeLessThan(20_000);
    expect(service.asked).toHaveLength(21);
  });

  it('decides nothing by an answer that cannot be understood, nor by a redirect', async () => {
    await begin();
    service.body = '{"verdict":"yes"}';
    await advance(6_000, 1);
    await answered(1);
    service.status = 302;
    service.headers = { location: '/elsewhere' };
    await advance(30_000, 2);
    await answered(2);
    const { state, history } = await one('o-7');
    expect(state).toBe('pending');
    expect(history).toMatchObject([
      { event: 'prepared' },
      { event: 'asked', whom: service.url, answer: 'unknown', why: expect.stringContaining('yes') },
      { event: 'asked', answer: 'unknown', why: expect.stringContaining('redirects are not followed') },
    ]);
  });

  it('is not called where its name leads to an address that is denied', async () => {
    await broker.restart(undefined, { outboundDeny: '127.0.0.0/8,::1' });
    expect(await begin()).toMatchObject({ status: 400, detail: expect.stringContaining('outboundDeny') });
    const byName = service.url.replace('127.0.0.1', 'localhost');
    expect(await rest.put('transactions/o-7', order({ checkUrl: byName }))).toMatchObject({ status: 201 });
    await broker.clock.advance(6_000);
    await until('it says why', async () =>
      JSON.stringify((await one('o-7')).history).includes('denied by outboundDeny'),
    );
    expect([service.asked, (await one('o-7')).checks]).toEqual([[], 0]);
  });

  it('is asked after the broker was killed, and a begin that is repeated then makes no second transaction', async () => {
    await begin();
    broker = await broker.killed();
    client = broker.client();
    expect(await begin()).toMatchObject({ status: 200, state: 'pending' });
    service.body = 'commit';
    await advance(6_000, 1);
    await until('it is delivered', async () => (await bodies('orders')).length === 1);
    broker = await broker.killed();
    client = broker.client();
    expect(await begin()).toMatchObject({ status: 200, state: 'committed', verdict: { by: 'check' } });
    await broker.clock.advance(600_000);
    expect([service.asked.length, await bodies('orders')]).toEqual([1, ['{"id":7}']]);
  });

  it('is asked by a broker that has no HTTP door any more', async () => {
    await begin();
    service.body = 'commit';
    await broker.restart(undefined, { httpPort: '0' });
    client = broker.client();
    await advance(6_000, 1);
    await until('it is delivered', async () => (await bodies('orders')).length === 1);
  });

  it('has the time it needs in a test broker, where only the test moves the clock', async () => {
    await using own = await createTestBroker({ settings: { httpPort: String(await freePort()) } });
    const door = new RestClient(() => own.httpPort);
    await door.put('transactions/o-7', order({ checkUrl: service.url }));
    await own.advance('1h');
    expect([service.asked.length, own.inDoubt()]).toMatchObject([15, [{ state: 'parked', checks: 15 }]]);
    expect(await door.get('transactions/o-7')).toMatchObject({
      state: 'parked',
      history: expect.arrayContaining([expect.objectContaining({ event: 'parked' })]),
    });
  });

  it('loses against a verdict that came while it was thinking', async () => {
    await begin();
    service.body = 'rollback';
    service.before = () => rest.post('transactions/o-7/commit');
    await advance(6_000, 1);
    await until('both were heard', async () => (await one('o-7')).state === 'committed');
    expect((await one('o-7')).verdict).toMatchObject({ kind: 'commit', by: 'producer' });
    expect(await bodies('orders')).toEqual(['{"id":7}']);
  });
});
