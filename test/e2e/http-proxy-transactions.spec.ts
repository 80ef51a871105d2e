import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { getProducerConnectionList } from '@halfmq/remoting';
import { BROKERS, RestProxy } from '../kit/rest-proxy.js';

jest.setTimeout(60_000);

interface Begun {
  readonly id: string;
  readonly messages: readonly { readonly messageId: string }[];
}

describe('a transaction by REST, in front of two brokers', () => {
  let proxy: RestProxy;
  beforeEach(async () => {
    proxy = await RestProxy.start();
  });
  afterEach(() => proxy.close());

  async function begin(...bodies: string[]): Promise<Begun> {
    const messages = bodies.map((body) => ({ topic: 'there', body, keys: [body] }));
    const begun = await proxy.rest.post<Begun>('transactions', { group: 'shop', messages });
    expect(begun).toMatchObject({ status: 201, group: 'shop', state: 'pending' });
    return begun;
  }

  const decide = (id: string, verdict: string, headers = {}) =>
    proxy.rest.post(`transactions/${id}/${verdict}`, { reason: 'a test' }, headers);

  /** Of the group `shop`, as the brokers know them. */
  async function producers(): Promise<number> {
    const header = { producerGroup: 'shop' };
    const all = await Promise.all(proxy.admins.map((admin) => admin.ask(getProducerConnectionList, header)));
    return all.filter(({ code }) => code === 0).length;
  }

  it('delivers all its messages after the commit, none after a rollback', async () => {
    const [kept, dropped] = [await begin('a', 'b', 'c'), await begin('never')];
    expect(kept.messages).toHaveLength(3);
    expect(await proxy.receive()).toEqual([]);
    expect(await decide(dropped.id, 'rollback')).toMatchObject({ status: 200, state: 'rolledBack' });
    expect(await decide(kept.id, 'commit')).toEqual({
      status: 200,
      id: kept.id,
      group: 'shop',
      state: 'committed',
    });
    const came = [];
    while (came.length < 3) came.push(...(await proxy.taken({ waitMs: 5_000 })));
    expect(came.map(({ body }) => body).toSorted()).toEqual(['a', 'b', 'c']);
    expect(came.map(({ messageId }) => messageId).toSorted()).toEqual(
      kept.messages.map(({ messageId }) => messageId).toSorted(),
    );
    expect(await proxy.receive()).toEqual([]);
  });

  it('keeps the first verdict, and says what it was, also at another proxy', async () => {
    const { id } = await begin('a', 'b');
    expect(await decide(id, 'commit')).toMatchObject({ status: 200 });
    await proxy.open();
    expect(await decide(id, 'commit')).toMatchObject({ status: 200 });
    expect(await decide(id, 'rollback')).toMatchObject({
      status: 409,
      type: 'urn:halfmq:error:transaction-already-committed',
      verdict: 'commit',
      verdictBy: 'producer',
      verdictAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it('has its messages at one broker, and leaves nothing of one that cannot be stored', async () => {
    const messages = [
      { topic: 'there', body: 'a' },
      { topic: 'there', body: '' },
    ];
    const refused = await proxy.rest.post('transactions', { group: 'shop', messages });
    expect(refused).toMatchObject({ status: 400, type: 'urn:halfmq:error:message-illegal' });
    const { id } = await begin('b', 'c');
    const named = Buffer.from(id, 'base64url').toString();
    expect(BROKERS.filter((name) => named.includes(name))).toHaveLength(1);
    await decide(id, 'commit');
    expect((await proxy.bodies(2)).toSorted()).toEqual(['b', 'c']);
    expect(await proxy.receive()).toEqual([]);
  });

  it('is asked about at a producer of its group, not at the proxy', async () => {
    await begin('asked');
    expect(await producers()).toBe(0);
    for (const admin of proxy.admins) {
      admin.onCheck = ({ header, properties }) => {
        const { tranStateTableOffset: halfOffset, commitLogOffset: physicalOffset } = header;
        const uniqueKey = properties.get('UNIQ_KEY') ?? '';
        const half = { topic: 'there', group: 'shop', halfOffset, physicalOffset, uniqueKey };
        void admin.commit(half, { fromTransactionCheck: true });
      };
      await admin.producer('shop');
    }
    expect(await proxy.bodies(1, { waitMs: 5_000 })).toEqual(['asked']);
  });

  it('refuses what needs a store, with the reason', async () => {
    const unserved = { status: 501, type: 'urn:halfmq:error:request-code-not-supported' };
    const messages = [{ topic: 'there', body: 'x' }];
    const given = { group: 'shop', messages };
    expect(await proxy.rest.put('transactions/o-7', given)).toMatchObject({
      ...unserved,
      detail: expect.stringContaining('POST /v1/transactions'),
    });
    const checkUrl = 'http://127.0.0.1:9/check';
    expect(await proxy.rest.post('transactions', { ...given, checkUrl })).toMatchObject({
      ...unserved,
      detail: expect.stringContaining('producer of the group'),
    });
    const { id } = await begin('y');
    for (const act of ['check', 'recover']) expect(await decide(id, act)).toMatchObject(unserved);
    expect(await proxy.rest.get(`transactions/${id}`)).toMatchObject(unserved);
    expect(await decide(id, 'commit', { 'x-halfmq-operator': 'ann' })).toMatchObject(unserved);
    expect(await decide('o-7', 'commit')).toMatchObject({
      status: 404,
      type: 'urn:halfmq:error:transaction-unknown-half',
    });
    const many = Array.from({ length: 33 }, () => messages[0]);
    expect(await proxy.rest.post('transactions', { group: 'shop', messages: many })).toMatchObject({
      status: 400,
    });
    await decide(id, 'rollback');
  });
});
