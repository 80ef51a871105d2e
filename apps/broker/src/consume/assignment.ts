import {
  ALLOCATIONS,
  StatusError,
  type Allocate,
  type Log,
  type MessageQueue,
  type QueryAssignmentBody,
  type QueueAssignment,
  type SetRequestModeBody,
} from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Clients } from '../directory/clients.js';
import type { Groups } from '../directory/groups.js';
import type { Routes } from '../directory/routes.js';
import { told } from '../directory/told.js';
import { groupOfRetryTopic } from '../directory/topic-names.js';
import type { Topics } from '../directory/topics.js';

type Mode = Pick<SetRequestModeBody, 'mode' | 'popShareQueueNum'>;

/** Names of the settings: topics and groups have no blanks. */
const PREFIX = 'request-mode ';

/**
 * Which queues are whose, for consumers that leave this to the broker (QueryAssignmentProcessor), and whether they pull or
 * pop. Modes are settings of this broker.
 */
export class Assignment {
  constructor(
    private readonly config: BrokerConfig,
    private readonly store: Pick<MessageStore, 'settings'>,
    private readonly topics: Topics,
    private readonly groups: Groups,
    private readonly clients: Clients,
    private readonly routes: Routes,
    private readonly log: Log,
  ) {}

  /** @returns undefined when it cannot be said: the asker keeps what it has */
  async query(asked: QueryAssignmentBody): Promise<readonly QueueAssignment[] | undefined> {
    const { topic, consumerGroup, messageModel } = asked;
    const all = await this.routes.readable(topic);
    const { mode, popShareQueueNum } = this.modeOf(topic, consumerGroup);
    const queues = messageModel === 'BROADCASTING' ? all : this.shareOf(asked, all, mode, popShareQueueNum);
    return queues?.map((messageQueue) => ({ messageQueue, mode }));
  }

  /** @throws StatusError NO_PERMISSION for a retry topic, which is always pulled; TOPIC_NOT_EXIST; SUBSCRIPTION_GROUP_NOT_EXIST */
  setMode({ topic, consumerGroup, mode, popShareQueueNum }: SetRequestModeBody): Promise<void> {
    if (groupOfRetryTopic(topic) !== undefined)
      throw new StatusError('NO_PERMISSION', 'retry topic is not allowed to set mode');
    if (!this.topics.find(topic)) throw new StatusError('TOPIC_NOT_EXIST', `topic[${topic}] not exist`);
    if (!this.groups.find(consumerGroup))
      throw new StatusError('SUBSCRIPTION_GROUP_NOT_EXIST', `subscription group[${consumerGroup}] not exist`);
    const document = JSON.stringify({ mode, popShareQueueNum } satisfies Mode);
    const name = `${PREFIX}${topic} ${consumerGroup}`;
    return told((stored) => this.store.settings.put('broker', name, document, stored));
  }

  /** All that were set. */
  modes(): SetRequestModeBody[] {
    return [...this.store.settings.all('broker')]
      .filter(([name]) => name.startsWith(PREFIX))
      .map(([name, document]) => {
        const [topic = '', consumerGroup = ''] = name.slice(PREFIX.length).split(' ');
        return { topic, consumerGroup, ...(JSON.parse(document) as Mode) };
      });
  }

  private modeOf(topic: string, group: string): Mode {
    const pulls: Mode = { mode: 'PULL', popShareQueueNum: 0 };
    if (groupOfRetryTopic(topic) !== undefined) return pulls;
    const document = this.store.settings.all('broker').get(`${PREFIX}${topic} ${group}`);
    if (document !== undefined) return JSON.parse(document) as Mode;
    const { defaultMessageRequestMode: mode, defaultPopShareQueueNum: popShareQueueNum } = this.config;
    return { mode, popShareQueueNum };
  }

  private shareOf(
    { topic, consumerGroup: group, clientId, strategyName }: QueryAssignmentBody,
    all: readonly MessageQueue[],
    mode: Mode['mode'],
    shared: number,
  ): readonly MessageQueue[] | undefined {
    const members = this.clients.memberIds(group);
    const allocate = ALLOCATIONS.get(strategyName);
    if (members.length === 0 || all.length === 0 || !allocate) {
      const why = allocate ? { members: members.length, queues: all.length } : { strategyName };
      this.log.debug('an assignment of queues cannot be said', { topic, group, ...why });
      return undefined;
    }
    return mode === 'POP'
      ? popped(allocate, all, members, clientId, shared)
      : allocate(all, members, clientId);
  }
}

/** With POP members share queues: all of them, or those of so many members that follow in the list. */
function popped(
  allocate: Allocate,
  all: readonly MessageQueue[],
  members: readonly string[],
  self: string,
  shared: number,
): readonly MessageQueue[] {
  if (shared <= 0 || shared >= members.length - 1) {
    const brokers = new Map(all.map((queue) => [queue.brokerName, queue]));
    return [...brokers.values()].map((queue) => ({ ...queue, queueId: -1 }));
  }
  if (members.length > all.length) {
    // more members than queues: each has one
    const queue = all[members.indexOf(self) % all.length];
    return queue ? [queue] : [];
  }
  const at = members.indexOf(self);
  if (at < 0) return [];
  const sharing = Array.from(
    { length: shared + 1 },
    (_, nth) => members[(at + nth) % members.length] ?? self,
  );
  return sharing.flatMap((member) => allocate(all, members, member));
}
