import type { Random } from '../power/random.js';
import { GROUPS, hex, TOPICS } from './words.js';

/** A request by HTTP before it is written. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly document?: object | undefined;
}

const receipt = (random: Random): string =>
  Buffer.from(`${random.of(TOPICS)} 1 0 1700000000000 60000 0 0 broker-a 0 ${random.below(9)}`).toString(
    'base64url',
  );

/** Every route there is, as it is meant. */
export const CALLS: readonly [(random: Random) => Call, ...((random: Random) => Call)[]] = [
  (random) =>
    post(`topics/${random.of(TOPICS)}/messages`, {
      body: { a: 1 },
      tag: 'a',
      keys: ['k'],
      properties: { p: 'v' },
      delayMs: 5,
      orderingKey: 'o',
    }),
  (random) =>
    post(`topics/${random.of(TOPICS)}/messages`, { bodyBase64: 'AAAA', deliverAt: '2020-01-31T12:00:00Z' }),
  (random) =>
    post(`topics/${random.of(TOPICS)}/messages/recall`, {
      recallHandle: Buffer.from(hex(random, 40)).toString('base64url'),
    }),
  (random) => get(`messages?topic=${random.of(TOPICS)}&key=key-${random.below(50)}&limit=5`),
  (random) => get(`messages/${hex(random, 32)}?topic=${random.of(TOPICS)}`),
  (random) =>
    post(`groups/${random.of(GROUPS)}/receive`, {
      topic: random.of(TOPICS),
      max: 4,
      invisibleMs: 10_000,
      waitMs: 10,
      ordered: random.chance(0.3),
      tags: '*',
    }),
  (random) => post(`groups/${random.of(GROUPS)}/ack`, { receipts: [receipt(random)] }),
  (random) => post(`groups/${random.of(GROUPS)}/nack`, { receipts: [receipt(random)], retryInMs: 1_000 }),
  (random) => post(`groups/${random.of(GROUPS)}/extend`, { receipt: receipt(random), invisibleMs: 10_000 }),
  (random) =>
    post(`groups/${random.of(GROUPS)}/reset`, { topic: random.of(TOPICS), to: 'earliest', dryRun: true }),
  (random) =>
    post('transactions', {
      group: random.of(GROUPS),
      messages: [{ topic: random.of(TOPICS), body: 'x' }],
      checkUrl: 'http://127.0.0.1:1/',
      checkAfterMs: 1e9,
    }),
  (random) => ({
    ...post(`transactions/fuzz-${random.below(20)}`, {
      group: random.of(GROUPS),
      messages: [{ topic: random.of(TOPICS), body: 'x' }],
    }),
    method: 'PUT',
  }),
  () => get('transactions?state=pending&limit=3'),
  (random) => get(`transactions/fuzz-${random.below(20)}`),
  (random) => get(`transactions/fuzz-${random.below(20)}/preview`),
  (random) =>
    post(`transactions/fuzz-${random.below(20)}/${random.of(['commit', 'rollback', 'check', 'recover'])}`, {
      reason: 'fuzz',
    }),
  (random) =>
    post(`topics/${random.of(TOPICS)}/messages/batch`, {
      messages: [{ body: 'a' }, { bodyBase64: 'AAAA', tag: 'b' }],
      orderingKey: 'o',
    }),
  (random) => get(`topics/${random.of(TOPICS)}/messages?limit=3&queueId=0`),
  (random) => ({
    ...post(`groups/${random.of(GROUPS)}/push`, {
      topic: random.of(TOPICS),
      backurl: 'http://127.0.0.1:1/',
      concurrency: 1,
      rateLimit: 1,
    }),
    method: 'PUT',
  }),
  (random) => ({ ...get(`groups/${random.of(GROUPS)}/push`), method: random.of(['GET', 'DELETE']) }),
  (random) => post(`groups/${random.of(GROUPS)}/push/${random.of(['pause', 'resume'])}`, {}),
  () => get('pushes?limit=2'),
  () => get('openapi.json'),
  () => ({ method: 'GET', path: '/docs' }),
  () => ({ method: 'GET', path: '/health' }),
];

export function post(path: string, document: object): Call {
  return { method: 'POST', path: `/v1/${path}`, document };
}

function get(path: string): Call {
  return { method: 'GET', path: `/v1/${path}` };
}
