import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { freePort } from '../kit/ports.js';
import { HalfmqProcess } from '../kit/process.js';
import { isAlive, LAST_STATE, type OrderAnswer, ShopProcess, ships } from '../kit/shop.js';
import { until } from '../kit/until.js';

jest.setTimeout(90_000);

let shop: ShopProcess;
/** HTTP port of its broker */
let door: number;

beforeAll(async () => {
  door = await freePort();
  // Half of the payments are declined, so that a handful of orders shows both ends.
  shop = await ShopProcess.start({
    HALFMQ_SHOP_EXPIRY: '4s',
    HALFMQ_HTTP_PORT: String(door),
    HALFMQ_SHOP_PROVIDER: 'seed=1,decline=50,hesitate=20,twice=30',
  });
});
afterAll(() => shop?.stop());

const order = (changes: object = {}) => ({ sku: 'lamp', quantity: 1, customer: 'Ada', ...changes });

describe('an order', () => {
  test('is paid and sold, or cancelled when it is not paid in time; its stock follows, the books agree', async () => {
    const placed = await Promise.all(Array.from({ length: 20 }, () => shop.place(order({ quantity: 2 }))));
    const ended = await until('every order has come to its end', async () => {
      const orders = await shop.get<OrderAnswer[]>('/api/orders');
      return orders.every(({ state }) => state === LAST_STATE || state === 'cancelled') && orders;
    });
    expect(new Set(ended.map(({ orderId }) => orderId))).toEqual(new Set(placed));
    const findings = await shop.quiet();

    const paid = ended.filter(({ state }) => state === LAST_STATE);
    const cancelled = ended.filter(({ state }) => state === 'cancelled');
    expect(paid.length).toBeGreaterThan(0);
    expect(cancelled.length).toBeGreaterThan(0);
    expect(new Set(cancelled.map(({ note }) => note))).toEqual(new Set(['not paid in time']));

    const way = (await shop.order(paid[0]!.orderId)).way.map(({ service, effect }) => `${service} ${effect}`);
    const once = ['order placed', 'stock reserved', 'order confirmed', 'payment captured', 'order paid'];
    expect(way.slice(0, once.length)).toEqual(once);
    // whoever hears of the payment does not wait for another
    const shipped = ships ? ['order shipped', 'shipping parcel sent'] : [];
    expect(way.slice(once.length).sort()).toEqual([...shipped, 'stock sold'].sort());
    expect(findings.filter(({ holds }) => !holds)).toEqual([]);
    const shelves =
      await shop.get<{ sku: string; onHand: number; reserved: number; sold: number }[]>('/api/products');
    expect(shelves.find(({ sku }) => sku === 'lamp')).toMatchObject({ reserved: 0, sold: 2 * paid.length });
  });

  test('leads from each of its steps to the history of the transaction behind it', async () => {
    const { way } = await shop.order(await shop.place(order()));
    const orders = await shop.get<OrderAnswer[]>(`/api/orders?state=${LAST_STATE}`);
    // the last is the answer of the shipping service, which sends a plain message
    const steps = [...way, ...(await shop.order(orders[0]!.orderId)).way].filter(
      ({ effect }) => effect !== 'shipped',
    );
    const ids = steps.flatMap(({ messageId }) => messageId ?? []);
    expect(ids.length).toBeGreaterThan(3);
    for (const id of ids) {
      const answer = await fetch(`http://127.0.0.1:${door}/v1/transactions/${id}`);
      expect(await answer.json()).toMatchObject({
        state: 'committed',
        verdict: { kind: 'commit' },
        history: expect.arrayContaining([expect.objectContaining({ event: 'prepared' })]),
      });
    }
    const live = (await fetch(`${shop.url}/api/live`)).body!.getReader();
    let picture = '';
    while (!picture.includes('brokerDoor'))
      picture += Buffer.from((await live.read()).value ?? []).toString();
    expect(picture).toContain(`"brokerDoor":"http://localhost:${door}"`);
    await live.cancel();
  });

  test('for more than there is, is cancelled', async () => {
    const orderId = await shop.place(order({ sku: 'clock', quantity: 100 }));
    const refused = await until('the order is cancelled', async () => {
      const now = await shop.order(orderId);
      return now.state === 'cancelled' && now;
    });
    expect(refused.note).toBe('out of stock');
  });

  test('takes couponId and useBalance, and is listed by state', async () => {
    const answer = await shop.call<{ orderId: string }>('POST', '/api/orders', {
      ...order(),
      couponId: 'SPRING',
      useBalance: true,
    });
    expect(answer.status).toBe(201);
    const all = await shop.get<{ orderId: string; couponId: string | null }[]>('/api/orders');
    expect(all[0]).toMatchObject({ orderId: answer.body.orderId, couponId: 'SPRING', useBalance: true });
    const cancelled = await shop.get<{ state: string }[]>('/api/orders?state=cancelled');
    expect(new Set(cancelled.map(({ state }) => state))).toEqual(new Set(['cancelled']));
  });
});

(ships ? describe : describe.skip)('the shipping service, in Python', () => {
  test('is killed again and again while orders are paid: each is shipped once', async () => {
    await shop.call('POST', '/api/load', { orders: 40, perSecond: 20 });
    for (let kills = 1; kills <= 3; kills++) {
      await until('it is killed', async () => {
        await shop.call('POST', '/api/chaos', { target: 'shipping', at: 'now' });
        return (await shop.processOf('shipping')).restarts >= kills;
      });
      await until('it is back', async () => (await shop.processOf('shipping')).state === 'running');
    }
    const findings = await shop.quiet(60_000);
    expect(findings.filter(({ holds }) => !holds)).toEqual([]);
    const { detail } = findings.find(({ name }) => name === 'parcels-are-orders-paid')!;
    expect(detail).toMatch(/^([1-9]\d+) paid \/ \1 sent$/);
    const shipped = await shop.get<OrderAnswer[]>('/api/orders?state=shipped&limit=1000');
    expect(String(shipped.length)).toBe(detail.split(' ')[0]);
  });

  test('answers by messages of its own', async () => {
    const [order] = await shop.get<OrderAnswer[]>('/api/orders?state=shipped&limit=1');
    const { way } = await shop.order(order!.orderId);
    const answer = way.find(({ effect }) => effect === 'shipped');
    const path = `messages/${answer?.messageId}?topic=shop-order-shipped`;
    const message = await fetch(`http://127.0.0.1:${door}/v1/${path}`);
    expect(await message.json()).toMatchObject({ topic: 'shop-order-shipped', keys: [order!.orderId] });
  });

  test('ships nothing because somebody says so', async () => {
    const { where } = (await shop.fleet()).processes.find(({ name }) => name === 'shipping')!;
    const url = where.split(',')[0] ?? '';
    const forged = { 'webhook-id': 'x', 'webhook-timestamp': '1', 'webhook-signature': 'v1,AAAA' };
    for (const headers of [{}, forged])
      expect((await fetch(url, { method: 'POST', body: '{"orderId": "1"}', headers })).status).toBe(401);
  });

  test('knows no points of a transaction to be killed at', async () => {
    const answer = await shop.call('POST', '/api/chaos', { target: 'shipping', at: 'after-half' });
    expect(answer).toMatchObject({ status: 409, body: { detail: expect.stringContaining('kill it now') } });
  });
});

describe('a request that makes no sense', () => {
  test.each([
    [
      'an unknown field',
      'POST',
      '/api/orders',
      order({ discount: 10 }),
      400,
      'property discount should not exist',
    ],
    [
      'a wrong type',
      'POST',
      '/api/orders',
      order({ quantity: '2' }),
      400,
      'quantity must be an integer number',
    ],
    [
      'too many',
      'POST',
      '/api/orders',
      order({ quantity: 101 }),
      400,
      'quantity must not be greater than 100',
    ],
    ['no body', 'POST', '/api/orders', undefined, 400, 'sku must be a string'],
    ['no such product', 'POST', '/api/orders', order({ sku: 'yacht' }), 422, 'There is no product "yacht".'],
    ['no such order', 'GET', '/api/orders/42', undefined, 404, 'There is no order 42.'],
    ['no such state', 'GET', '/api/orders?state=lost', undefined, 400, 'state must be one of'],
    ['an unknown query', 'GET', '/api/orders?sort=up', undefined, 400, 'property sort should not exist'],
    ['no such target', 'POST', '/api/chaos', { target: 'moon', at: 'now' }, 400, 'target must be one of'],
    ['no such point', 'POST', '/api/chaos', { target: 'order', at: 'noon' }, 400, 'at must be one of'],
    ['no such mode', 'PUT', '/api/mode', { mode: 'magic' }, 400, 'mode must be one of'],
    ['no load', 'POST', '/api/load', { orders: 0, perSecond: 1 }, 400, 'orders must not be less than 1'],
    ['no such path', 'GET', '/api/refunds', undefined, 404, 'Cannot GET /api/refunds'],
  ])('%s is answered with a problem document', async (_what, method, path, body, status, detail) => {
    const answer = await shop.call<object>(method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.type).toMatch('application/problem+json');
    expect(answer.body).toMatchObject({
      type: expect.stringMatching(/^urn:halfmq:shop:/),
      title: expect.any(String),
      status,
      detail: expect.stringContaining(detail),
    });
  });
});

test('the board shows each invariant with its SQL', async () => {
  const findings = await shop.findings();
  expect(findings.map(({ name }) => name)).toEqual([
    'money-captured-is-orders-paid',
    'stock-adds-up',
    'stock-sold-is-orders-paid',
    'stock-reserved-is-orders-open',
    'transactions-are-whole',
    'one-effect-per-message',
    ...(ships ? ['parcels-are-orders-paid'] : []),
    'nothing-in-doubt',
  ]);
  for (const { sql } of findings) expect(sql).toMatch(/^-- (order|payment|stock) database\nSELECT /);
});

test('a taken port stops the start with one line that says what to do', async () => {
  const { port } = new URL(shop.url);
  const second = new HalfmqProcess(['shop'], /Ctrl-C stops/, { HALFMQ_SHOP_PORT: port });
  await expect(second.start()).rejects.toThrow(
    new RegExp(`Port ${port} for the order service is taken.*HALFMQ_SHOP_PORT`),
  );
  expect(second.running).toBe(false);
});

test('SIGTERM stops every process, frees every port and removes the folder', async () => {
  const pids = await shop.pids();
  const { folder } = shop;
  expect(existsSync(folder)).toBe(true);
  const ports = [...shop.process.log.matchAll(/(?:127\.0\.0\.1|localhost):(\d+)/g)].map(([, port]) =>
    Number(port),
  );
  expect(ports.length).toBeGreaterThan(4);

  await shop.stop();

  expect(pids.filter(isAlive)).toEqual([]);
  expect(existsSync(folder)).toBe(false);
  const open = await Promise.all(ports.map(answers));
  expect(open).toEqual(ports.map(() => false));
});

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

test('without Python the shop is there all the same, and says what is not; a second Ctrl-C ends everything at once and leaves no folder', async () => {
  const hurried = await ShopProcess.start({ HALFMQ_SHOP_PYTHON: 'no-such-python' });
  expect(hurried.process.log).toMatch(
    /without its shipping service, orders end as paid: there is no no-such-python \(HALFMQ_SHOP_PYTHON/,
  );
  const orderId = await hurried.place(order());
  // its members may have begun without one another: the next round of their groups is 20 s away
  await until('it is paid', async () => (await hurried.order(orderId)).state === 'paid', 60_000);
  expect((await hurried.findings()).map(({ name }) => name)).not.toContain('parcels-are-orders-paid');
  const { folder, process: supervisor } = hurried;
  const pids = await hurried.pids();
  const ended = supervisor.end('SIGINT');
  await until('it is stopping', () => supervisor.log.includes('Stopping'));
  process.kill(supervisor.pid ?? 0, 'SIGINT');
  await ended;
  expect(supervisor.exitCode).toBe(130);
  await until('every process is gone', () => !pids.some(isAlive));
  expect(existsSync(folder)).toBe(false);
});
