import { Permission, type Clock, type PopMessageHeader, type StatusName } from '@halfmq/remoting';
import type { BrokerConfig } from '../../config/resolve-config.js';
import type { Groups } from '../../directory/groups.js';
import type { Topics } from '../../directory/topics.js';
import type { Filters, MessageFilter } from '../filters.js';

/** Why a pop is refused. */
export interface Refusal {
  readonly status: StatusName;
  readonly remark: string;
}

/** Messages one pop hands out at most. */
export const MOST_MESSAGES = 32;
/** A request that has been on its way for longer than it wants to be held is answered by nobody's waiting any more. */
const GRACE_MS = 500;

/** The questions a pop must pass, in RocketMQ's order (PopMessageProcessor). It needs no heartbeat: it brings its filter. */
export class PopChecks {
  constructor(
    private readonly config: BrokerConfig,
    private readonly clock: Clock,
    private readonly topics: Topics,
    private readonly groups: Groups,
    private readonly filters: Filters,
  ) {}

  check(header: PopMessageHeader): MessageFilter | Refusal {
    const { bornTime, pollTime, maxMsgNums } = header;
    if (bornTime > 0 && this.clock.now() - bornTime > pollTime + GRACE_MS)
      return { status: 'POLLING_TIMEOUT', remark: 'the request was longer on its way than it may be held' };
    const refusal = this.broker();
    if (refusal) return refusal;
    if (maxMsgNums > MOST_MESSAGES || maxMsgNums < 1)
      return illegal(`the broker[${this.config.brokerIP1}] pop message's num is not 1 to ${MOST_MESSAGES}`);
    return this.place(header) ?? this.filter(header);
  }

  /** The same of a request that names a queue and hands nothing out. */
  place({ topic, queueId, consumerGroup }: Place): Refusal | undefined {
    return this.queue(topic, queueId) ?? this.group(consumerGroup);
  }

  broker(): Refusal | undefined {
    if ((this.config.brokerPermission & Permission.READ) !== 0) return undefined;
    return forbidden(`the broker[${this.config.brokerIP1}] pop message is forbidden`);
  }

  private queue(name: string, queueId: number): Refusal | undefined {
    const topic = this.topics.find(name);
    if (!topic) return { status: 'TOPIC_NOT_EXIST', remark: `topic[${name}] not exist, apply first please!` };
    if ((topic.perm & Permission.READ) === 0)
      return forbidden(`the topic[${name}] peeking message is forbidden`);
    if (queueId >= -1 && queueId < topic.readQueueNums) return undefined;
    return illegal(
      `queueId[${queueId}] is illegal, topic:[${name}] topicConfig.readQueueNums:[${topic.readQueueNums}]`,
    );
  }

  private group(name: string): Refusal | undefined {
    const group = this.groups.find(name);
    if (!group)
      return {
        status: 'SUBSCRIPTION_GROUP_NOT_EXIST',
        remark: `subscription group [${name}] does not exist`,
      };
    return group.consumeEnable ? undefined : forbidden(`subscription group no permission, ${name}`);
  }

  private filter({ exp, expType }: PopMessageHeader): MessageFilter | Refusal {
    const filter = this.filters.of(exp, expType);
    if (!('status' in filter)) return filter;
    return { status: filter.status, remark: `parse the consumer's subscription failed: ${filter.why}` };
  }
}

type Place = Pick<PopMessageHeader, 'topic' | 'queueId' | 'consumerGroup'>;

const illegal = (remark: string): Refusal => ({ status: 'INVALID_PARAMETER', remark });
const forbidden = (remark: string): Refusal => ({ status: 'NO_PERMISSION', remark });
