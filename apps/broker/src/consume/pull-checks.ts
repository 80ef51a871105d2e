import {
  EXPRESSION_TAG,
  Permission,
  PullSysFlag,
  type PullMessageHeader,
  type StatusName,
} from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Clients } from '../directory/clients.js';
import type { Groups } from '../directory/groups.js';
import type { Topics } from '../directory/topics.js';
import { TagFilters, type TagFilter } from './tag-filter.js';

/** Why a pull is refused; `forbiddenType` goes into the answer's header. */
export interface Refusal {
  readonly status: StatusName;
  readonly remark: string;
  readonly forbiddenType?: number;
}

/** May be read, and what of it is wanted. */
export interface Granted {
  readonly accepts: TagFilter;
}

const Forbidden = { BROKER: 1, GROUP: 2, TOPIC: 3, BROADCAST: 4 } as const;

/** The questions a pull must pass, in RocketMQ's order (PullMessageProcessor): the first that fails answers. */
export class PullChecks {
  private readonly filters = new TagFilters();

  constructor(
    private readonly config: BrokerConfig,
    private readonly topics: Topics,
    private readonly groups: Groups,
    private readonly clients: Clients,
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
    return this.filterOf(header.subscription, header.expressionType);
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
    return this.filterOf(subscription.subString, subscription.expressionType);
  }

  private filterOf(expression: string | undefined, type: string | undefined): Granted | Refusal {
    if (type !== undefined && type !== '' && type !== EXPRESSION_TAG) {
      return {
        status: 'SYSTEM_ERROR',
        remark: `The broker does not support consumer to filter message by ${type}`,
      };
    }
    const accepts = this.filters.of(expression);
    return accepts === 'illegal'
      ? {
          status: 'SUBSCRIPTION_PARSE_FAILED',
          remark: `parse the consumer's subscription failed: ${expression}`,
        }
      : { accepts };
  }
}

function forbidden(forbiddenType: number, remark: string): Refusal {
  return { status: 'NO_PERMISSION', remark, forbiddenType };
}

function unknownGroup(group: string): Refusal {
  return { status: 'SUBSCRIPTION_NOT_EXIST', remark: `the consumer's group info not exist: ${group}` };
}
