import {
  decodeSubscriptionGroupConfig,
  decodeTopicConfig,
  getSubscriptiongroupConfig,
  getTopicConfig,
  ResponseCode,
  subscriptionGroupConfig,
  type Clock,
  type Command,
  type Log,
} from '@halfmq/remoting';
import type { GroupConfig } from '../../directory/group-config.js';
import type { Kinds } from '../brokers.js';
import type { Question, Wire } from './wire.js';

/** As long as routes are kept. */
const FRESH_MS = 30_000;

interface Known<T> {
  readonly value: Promise<T>;
  readonly until: number;
}

/** How other brokers describe their topics and groups: asked for once in half a minute. */
export class Descriptions {
  private readonly known = new Map<string, Known<unknown>>();

  constructor(
    private readonly wire: Wire,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** RocketMQ's defaults where the broker does not know it. */
  group(address: string, name: string): Promise<GroupConfig> {
    const question = { spec: getSubscriptiongroupConfig, header: { group: name } };
    return this.once(`group ${address} ${name}`, async () => {
      const body = await this.asked(address, question);
      return body ? decodeSubscriptionGroupConfig(body) : subscriptionGroupConfig(name);
    });
  }

  kinds(address: string, topicName: string): Promise<Kinds> {
    const question = { spec: getTopicConfig, header: { topic: topicName } };
    return this.once(`topic ${address} ${topicName}`, async () => {
      const body = await this.asked(address, question);
      return body ? decodeTopicConfig(body) : { topicName, attributes: {} };
    });
  }

  private once<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const now = this.clock.monotonic();
    const known = this.known.get(key) as Known<T> | undefined;
    if (known && known.until > now) return known.value;
    for (const [other, { until }] of this.known) if (until <= now) this.known.delete(other);
    const value = ask();
    this.known.set(key, { value, until: now + FRESH_MS });
    return value;
  }

  private async asked<H>(address: string, question: Question<H>): Promise<Buffer | undefined> {
    try {
      const answer: Command = await this.wire.ask(address, question);
      return answer.code === ResponseCode.SUCCESS ? answer.body : undefined;
    } catch (error) {
      this.log.debug('a broker did not answer', { broker: address, question: question.spec.name, error });
      return undefined;
    }
  }
}
