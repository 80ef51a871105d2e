import { Permission, PullSysFlag, type PullMessageHeader, type StatusName } from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Clients } from '../directory/clients.js';
import type { Groups } from '../directory/groups.js';
import type { Topics } from '../directory/topics.js';
import type { Filters, MessageFilter, NoFilter } from './filters.js';

/** Why a pull is refused; `forbiddenType` goes into the answer's header. */
export interface Refusal {
  readonly status: StatusName;
  readonly remark: string;
  readonly forbiddenType?: number;
}

/** May be read, and what of it is wanted. */
export type Granted = MessageFilter;

const Forbidden = { BROKER: 1, GROUP: 2, TOPIC: 3, BROADCAST: 4 } as const;

/** The questions a pull must pass, in RocketMQ's order (PullMessageProcessor): the first that fails answers. */
export class PullChecks {
  constructor(
    private readonly config: BrokerConfig,
    private readonly topics: Topics,
    private readonly groups: Groups,
    private readonly clients: Clients,
    private readonly filters: Filters,
  ) {}

  check(header: PullMessageHeader): Granted | Refusal {
    const { consumerGroup: group, topic } = header;
    if ((this.config.brokerPermission & Permission.READ) === 0) {
      return forbidden(
        Forbidden.BROKER,
        `the broker[${this.config.brokerIP1}] pulling message is forbidden: brokerPermission has no read bit`,
      );
    }
    const settings = this.groups.find(group);
    if (!settings) {
      return {
        status: 'SUBSCRIPTION_GROUP_NOT_EXIST',
        remark: `subscription group [${group}] does not exist`,
      };
    }
    if (!settings.consumeEnable)
      return forbidden(Forbidden.GROUP, `subscription group no permission, ${group}`);
    return (
      this.checkQueue(topic, header.queueId) ??
      ((header.sysFlag & PullSysFlag.SUBSCRIPTION) !== 0
        ? this.ofRequest(header)
        : this.ofHeartbeat(header, settings.consumeBroadcastEnable))
    );
  }

  private checkQueue(name: string, queueId: number): Refusal | undefined {
    const topic = this.topics.find(name);
    if (!topic) return { status: 'TOPIC_NOT_EXIST', remark: `topic[${name}] not exist, apply first please!` };
    if ((topic.perm & Permission.READ) === 0)
      return forbidden(Forbidden.TOPIC, `the topic[${name}] pulling message is forbidden`);
    if (queueId < 0 || queueId >= topic.readQueueNums) {
      return {
        status: 'INVALID_PARAMETER',
        remark: `queueId[${queueId}] is illegal, topic:[${name}] topicConfig.readQueueNums:[${topic.readQueueNums}]`,
      };
    }
    return undefined;
  }

  /** The request brings its own expression: nobody needs to have sent a heartbeat. */
  private ofRequest(header: PullMessageHeader): Granted | Refusal {
    const known = this.clients.consumerGroup(header.consumerGroup);
    if (this.config.rejectPullConsumerEnable && known?.consumeType !== 'CONSUME_PASSIVELY')
      return unknownGroup(header.consumerGroup);
    const filter = this.filters.of(header.subscription, header.expressionType);
    return 'status' in filter ? refusedFilter(filter, header.subscription) : filter;
  }

  private ofHeartbeat(header: PullMessageHeader, broadcastAllowed: boolean): Granted | Refusal {
    const group = this.clients.consumerGroup(header.consumerGroup);
    if (!group) return unknownGroup(header.consumerGroup);
    if (!broadcastAllowed && group.model === 'BROADCASTING') {
      return forbidden(
        Forbidden.BROADCAST,
        `the consumer group[${header.consumerGroup}] can not consume by broadcast way`,
      );
    }
    const subscription = group.subscriptions.get(header.topic);
    if (!subscription) {
      return {
        status: 'SUBSCRIPTION_NOT_EXIST',
        remark: `the consumer's subscription not exist: group ${header.consumerGroup}, topic ${header.topic}`,
      };
    }
    if (subscription.subVersion < header.subVersion) {
      return {
        status: 'SUBSCRIPTION_NOT_LATEST',
        remark: `the consumer's subscription not latest: have ${subscription.subVersion}, asked ${header.subVersion}`,
      };
    }
    const filter = this.filters.of(subscription.subString, subscription.expressionType);
    if (!('status' in filter)) return filter;
    if (filter.status === 'SYSTEM_ERROR' || !filter.byProperties)
      return refusedFilter(filter, subscription.subString);
    // FILTER_DATA_NOT_LATEST cannot be: a filter is made of the subscription whose version was compared
    return {
      status: 'FILTER_DATA_NOT_EXIST',
      remark: `The broker's consumer filter data is not exist!Your expression may be wrong! ${filter.why}`,
    };
  }
}

function refusedFilter({ status, why, byProperties }: NoFilter, expression: string | undefined): Refusal {
  if (status === 'SYSTEM_ERROR') return { status, remark: why };
  const remark = `parse the consumer's subscription failed: ${byProperties ? why : expression}`;
  return { status, remark };
}

function forbidden(forbiddenType: number, remark: string): Refusal {
  return { status: 'NO_PERMISSION', remark, forbiddenType };
}

function unknownGroup(group: string): Refusal {
  return { status: 'SUBSCRIPTION_NOT_EXIST', remark: `the consumer's group info not exist: ${group}` };
}
