import {
  ConsumeResult,
  FilterExpression,
  LitePushConsumerBuilder,
  Producer,
  PushConsumer,
  SimpleConsumer,
  type LitePushConsumer,
  type MessageView,
} from 'rocketmq-client-nodejs';
import contract from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/definition_pb.js';
import { until } from '../kit/until.js';

/*
 * The scenarios of test/compat/java/grpc with the official Node.js client, which is set to nothing but the endpoint:
 *
 *   node grpc-node.js SCENARIO ENDPOINT TOPIC      prints RESULT {json}
 */
type Seen = Record<string, unknown>;
type Closable = { startup(): Promise<void>; shutdown(): Promise<void> };

const { FilterType, TransactionResolution } = contract;
const [scenario = '', endpoints = '', topic = ''] = process.argv.slice(2);
const LIMIT_MS = 60_000;
const silent = { debug() {}, info() {}, warn() {}, error() {}, close() {} };
const options = { endpoints, namespace: '', logger: silent };
const started: Closable[] = [];

async function start<T extends Closable>(client: T): Promise<T> {
  await client.startup();
  started.push(client);
  return client;
}

type Resolution = contract.TransactionResolution;
type Checker = (message: MessageView) => Resolution;

const producer = (check?: Checker): Promise<Producer> => {
  const checker = check && { check: (message: MessageView) => Promise.resolve(check(message)) };
  return start(new Producer({ ...options, topic, ...(checker && { checker }) }));
};

function push(
  consumerGroup: string,
  filter: string,
  handle: (message: MessageView) => ConsumeResult,
): Promise<PushConsumer> {
  const messageListener = { consume: (message: MessageView) => Promise.resolve(handle(message)) };
  const subscriptions = new Map([[topic, filter]]);
  return start(new PushConsumer({ ...options, consumerGroup, subscriptions, messageListener }));
}

const simple = (
  consumerGroup: string,
  filter: FilterExpression | string = '*',
  from = topic,
): Promise<SimpleConsumer> =>
  start(
    new SimpleConsumer({
      ...options,
      consumerGroup,
      subscriptions: new Map([[from, filter]]),
      awaitDuration: 5_000,
    }),
  );

const litePush = (
  group: string,
  handle: (message: MessageView) => ConsumeResult,
): Promise<LitePushConsumer> =>
  new LitePushConsumerBuilder()
    .setClientConfiguration(options)
    .setConsumerGroup(group)
    .bindTopic(topic)
    .setMessageListener({ consume: (message: MessageView) => Promise.resolve(handle(message)) })
    .build();

const named = (message: MessageView): string => `${message.liteTopic}${text(message)}`;

/** The limit ends a run that went wrong, its result then tells how. */
const holds = (what: string, condition: () => boolean): Promise<unknown> =>
  until(what, condition, LIMIT_MS).catch(() => undefined);

async function next(consumer: SimpleConsumer): Promise<MessageView> {
  return until('a message comes', async () => (await consumer.receive(1, 30_000))[0], LIMIT_MS);
}

const text = (message: MessageView): string => message.body.toString();
const sorted = (words: Iterable<string>): string => [...words].sort().join(',');

const SCENARIOS: Readonly<Record<string, () => Promise<Seen>>> = {
  async tags() {
    const came = new Map<string, MessageView>();
    const ids = new Map<string, string>();
    const sender = await producer();
    await push(`readers_${topic}`, 'a', (message) => {
      came.set(text(message), message);
      return ConsumeResult.SUCCESS;
    });
    for (const body of ['one a', 'two b', 'three a']) {
      const message = { topic, body: Buffer.from(body), tag: body.slice(-1), keys: [`k-${body}`, 'common'] };
      const { messageId } = await sender.send({ ...message, properties: new Map([['colour', 'blue']]) });
      ids.set(body, messageId);
    }
    await holds('two came', () => came.size >= 2);
    const messages = [...came.values()];
    return {
      came: sorted(came.keys()),
      words: messages.every(
        ({ keys, properties, tag }) =>
          keys.includes('common') && properties.get('colour') === 'blue' && tag === 'a',
      ),
      ids: messages.every((message) => message.messageId === ids.get(text(message))),
    };
  },

  async sql() {
    const sender = await producer();
    const consumer = await simple(`readers_${topic}`, new FilterExpression('price > 10', FilterType.SQL));
    await sender.send({ topic, body: Buffer.from('cheap'), properties: new Map([['price', '3']]) });
    await sender.send({ topic, body: Buffer.from('dear'), properties: new Map([['price', '30']]) });
    const message = await next(consumer);
    await consumer.ack(message);
    return { came: text(message) };
  },

  async ordered() {
    const came: string[] = [];
    const sender = await producer();
    await push(`ordered_${topic}`, '*', (message) =>
      came.push(text(message)) === 1 ? ConsumeResult.FAILURE : ConsumeResult.SUCCESS,
    );
    for (const body of ['0', '1', '2', '3', '4'])
      await sender.send({ topic, body: Buffer.from(body), messageGroup: 'g' });
    await holds('all came', () => came.length >= 6);
    return { order: came.join(',') };
  },

  async recall() {
    const came = new Map<string, number>();
    const sender = await producer();
    await push(`readers_${topic}`, '*', (message) => {
      came.set(text(message), new Date().getTime());
      return ConsumeResult.SUCCESS;
    });
    const now = new Date().getTime();
    const send = (body: string, after: number) =>
      sender.send({ topic, body: Buffer.from(body), deliveryTimestamp: new Date(now + after) });
    const first = await send('first', 4_000);
    await send('second', 5_000);
    const { messageId } = await sender.recallMessage(topic, first.recallHandle ?? '');
    await holds('the second came', () => came.has('second'));
    return {
      came: sorted(came.keys()),
      early: (came.get('second') ?? 0) < now + 5_000,
      sameId: messageId === first.messageId,
    };
  },

  async transactions() {
    const came = new Set<string>();
    const asked = new Set<string>();
    const sender = await producer((message) => {
      asked.add(text(message));
      return text(message) === 'asked, yes' ? TransactionResolution.COMMIT : TransactionResolution.ROLLBACK;
    });
    await push(`readers_${topic}`, '*', (message) => {
      came.add(text(message));
      return ConsumeResult.SUCCESS;
    });
    const begin = async (body: string) => {
      const transaction = sender.beginTransaction();
      await sender.send({ topic, body: Buffer.from(body) }, transaction);
      return transaction;
    };
    await (await begin('committed')).commit();
    await (await begin('rolled back')).rollback();
    await begin('asked, no');
    await begin('asked, yes');
    await holds('both are decided', () => asked.size >= 2 && came.size >= 2);
    return { asked: sorted(asked), came: sorted(came) };
  },

  async invisible() {
    const sender = await producer();
    const consumer = await simple(`readers_${topic}`);
    await sender.send({ topic, body: Buffer.from('one') });
    const first = await next(consumer);
    await consumer.changeInvisibleDuration(first, 1_000);
    const second = await next(consumer);
    await consumer.ack(second);
    return {
      attempts: `${first.deliveryAttempt},${second.deliveryAttempt}`,
      sameId: first.messageId === second.messageId,
      left: (await consumer.receive(16, 30_000)).length,
    };
  },

  async lite() {
    const group = `lite_${topic}`;
    const [anns, bobs, others]: [string[], string[], string[]] = [[], [], []];
    const failed = new Set<string>();
    const ann = await litePush(group, (message) => {
      anns.push(named(message));
      if (text(message) !== '2' || failed.has('2')) return ConsumeResult.SUCCESS;
      failed.add('2');
      return ConsumeResult.FAILURE;
    });
    const adding = (seen: string[]) => (message: MessageView) => {
      seen.push(named(message));
      return ConsumeResult.SUCCESS;
    };
    const bob = await litePush(group, adding(bobs));
    const other = await litePush(`others_${topic}`, adding(others));
    const sender = await producer();
    const send = (liteTopic: string, nth: number) =>
      sender.send({ topic, liteTopic, body: Buffer.from(String(nth)) });
    await ann.subscribeLite('a');
    await other.subscribeLite('a');
    for (const nth of [1, 2, 3, 4]) await send('a', nth);
    await send('c', 1);
    await holds('all came', () => anns.length >= 5);
    const order = anns.join(',');
    await bob.subscribeLite('a');
    await send('a', 5);
    await holds('the others have all', () => bobs.length === 1 && others.length === 5);
    return { order, told: ann.getLiteTopicSet().size === 0, taken: bobs.join(','), read: sorted(others) };
  },

  async 'dead-letter'() {
    const group = `dead_${topic}`;
    let attempts = 0;
    const sender = await producer();
    await push(group, '*', () => {
      attempts++;
      return ConsumeResult.FAILURE;
    });
    const undertaker = await simple(`undertakers_${topic}`, '*', `%DLQ%${group}`);
    const { messageId } = await sender.send({ topic, body: Buffer.from('one') });
    const dead = await next(undertaker);
    return { attempts, sameId: dead.messageId === messageId };
  },
};

const seen = await SCENARIOS[scenario]?.();
process.stdout.write(`RESULT ${JSON.stringify(seen)}\n`, () => process.exit(0));
