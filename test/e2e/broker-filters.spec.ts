import { afterEach, describe, expect, it } from '@jest/globals';
import { checkClientConfig, PullSysFlag } from '@halfmq/remoting';
import { TimedBroker } from '../kit/timed-broker.js';
import { until } from '../kit/until.js';
import type { Pulled, WireClient } from '../kit/wire-client.js';

const TOPIC = 'orders';

let broker: TimedBroker;
let client: WireClient;

async function begin(enablePropertyFilter = 'true'): Promise<void> {
  broker = await TimedBroker.start({ enablePropertyFilter });
  client = broker.client();
}

afterEach(() => broker.close());

const sql = (subscription: string): object => ({ subscription, expressionType: 'SQL92' });
const bodies = ({ records }: Pulled): string[] => records.map(({ body }) => body.toString());

async function sendAmounts(...amounts: number[]): Promise<void> {
  for (const amount of amounts)
    await client.send(TOPIC, String(amount), { amount: String(amount), region: 'cn' });
}

function subscribe(subString: string, subVersion = 1): Promise<void> {
  const subscription = {
    topic: TOPIC,
    subString,
    expressionType: 'SQL92',
    subVersion,
    classFilterMode: false,
  };
  return client.consumer('g', {}, { subscriptionDataSet: [{ ...subscription, tagsSet: [], codeSet: [] }] });
}

const byHeartbeat = (more: object = {}): Promise<Pulled> =>
  client.pull(TOPIC, 0, { consumerGroup: 'g', sysFlag: 0, subVersion: 1, ...more });

describe('an SQL92 expression', () => {
  it.each([
    ['true', 'SQL92', "a > 5 AND b = 'x'", 0, undefined],
    ['true', 'SQL92', 'a >', 23, /^Invalid MessageSelector\. .* expected, got the end at position 4$/],
    ['true', 'XPATH', 'a', 23, /TAG or SQL92 expected/],
    ['false', 'SQL92', 'a > 5', 1, /^The broker does not support consumer to filter message by SQL92$/],
  ])(
    'with enablePropertyFilter=%s and type %s is looked at when a consumer starts: %s',
    async (enabled, type, subString, code, remark) => {
      await begin(enabled);
      const subscriptionData = { topic: TOPIC, subString, expressionType: type };
      const answer = await client.ask(checkClientConfig, {}, { clientId: 'c', group: 'g', subscriptionData });
      expect(answer.code).toBe(code);
      expect(answer.remark ?? '').toMatch(remark ?? /^$/);
    },
  );

  it("of a pull selects by the messages' properties, and says where to read on", async () => {
    await begin();
    await sendAmounts(1, 20, 3, 40);
    const found = await client.pull(TOPIC, 0, sql("amount > 10 AND region = 'cn'"));
    expect([found.code, bodies(found), found.header.nextBeginOffset]).toEqual([0, ['20', '40'], 4]);
    const nothing = await client.pull(TOPIC, 0, sql('amount > 100'));
    expect([nothing.code, nothing.header.nextBeginOffset]).toEqual([20, 4]);
    expect(await client.pull(TOPIC, 0, sql('amount >'))).toMatchObject({
      code: 23,
      remark: expect.stringMatching(/^parse the consumer's subscription failed.*at position 9$/),
    });
  });

  it('of a heartbeat selects too; one that is wrong, or not wanted here, is answered by each pull', async () => {
    await begin();
    await sendAmounts(1, 20);
    await subscribe('amount > 10');
    expect(bodies(await byHeartbeat())).toEqual(['20']);
    await subscribe('amount >', 2);
    expect(await byHeartbeat()).toMatchObject({ code: 27, remark: expect.stringContaining('position 9') });
    expect((await byHeartbeat({ subVersion: 3 })).code).toBe(25);
  });

  it('of a heartbeat is refused in words of RocketMQ where such filters are off', async () => {
    await begin('false');
    await client.send(TOPIC, 'x');
    await subscribe('amount > 10');
    expect(await byHeartbeat()).toMatchObject({
      code: 1,
      remark: 'The broker does not support consumer to filter message by SQL92',
    });
  });

  it('judges messages of a retry topic by their own properties', async () => {
    await begin();
    await client.consumer('g', { [TOPIC]: '*' });
    await client.send('%RETRY%g', 'small', { amount: '1', RETRY_TOPIC: TOPIC });
    await client.send('%RETRY%g', 'large', { amount: '20', RETRY_TOPIC: TOPIC });
    expect(bodies(await client.pull('%RETRY%g', 0, sql('amount > 10')))).toEqual(['large']);
  });

  it('that is long looks at a few messages, and says where to go on', async () => {
    await begin();
    await Promise.all(Array.from({ length: 60 }, () => client.send(TOPIC, 'x', { a: 'none' })));
    const long = Array.from({ length: 2_000 }, (_, at) => `a='${at}'`).join(' OR ');
    const { code, header } = await client.pull(TOPIC, 0, sql(long));
    expect([code, header.nextBeginOffset]).toEqual([20, 33]);
  });
});

describe('a held pull with an SQL92 expression', () => {
  const held = async (offset: number): Promise<{ answers: Pulled[]; pulled: Promise<Pulled> }> => {
    const answers: Pulled[] = [];
    const pulled = client.pull(TOPIC, offset, {
      ...sql('amount > 10'),
      sysFlag: PullSysFlag.SUBSCRIPTION | PullSysFlag.SUSPEND,
    });
    void pulled.then((answer) => answers.push(answer));
    await client.settle();
    return { answers, pulled };
  };

  it('is answered by a message that it selects, not by others', async () => {
    await begin();
    await sendAmounts(20);
    const { answers, pulled } = await held(1);
    await sendAmounts(1, 2);
    await client.settle();
    expect(answers).toEqual([]);
    await sendAmounts(30);
    const answer = await pulled;
    expect([answer.code, bodies(answer), answer.header.nextBeginOffset]).toEqual([0, ['30'], 4]);
  });

  it('that is not answered by one goes on behind what it has looked at', async () => {
    await begin();
    await sendAmounts(20);
    const { answers, pulled } = await held(1);
    await sendAmounts(1, 2);
    await broker.clock.advance(15_000);
    await until('its time is over', () => answers.length === 1);
    expect(await pulled).toMatchObject({ code: 19, header: { nextBeginOffset: 3 } });
  });
});
