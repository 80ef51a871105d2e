import {
  CURRENT_VERSION,
  decodeOffsetMessageId,
  NO_ANSWER,
  PullAnswer,
  StatusError,
  type EndTransactionHeader,
  type Outcome,
  type PullMessageHeader,
  type Receipt,
  type SendMessageAnswer,
  type SendMessageHeader,
} from '@halfmq/remoting';
import { StoreError } from '@halfmq/store';
import type { Offsets } from '../consume/offsets.js';
import type { Acknowledge, HandedOut } from '../consume/pop/acknowledge.js';
import type { LiteMember, LiteSubscription, LiteSubscriptions } from '../consume/pop/lite-subscriptions.js';
import type { Buried, Receive, ReceivedMessage, ReceiveRequest } from '../consume/pop/receive.js';
import type { Pull } from '../consume/pull.js';
import type { GroupConfig } from '../directory/group-config.js';
import type { Groups } from '../directory/groups.js';
import type { Destination } from '../produce/destination.js';
import { queueOfKey } from '../produce/ordering-key.js';
import { plainHeader } from '../produce/plain-header.js';
import type { Recall } from '../produce/recall.js';
import type { Send, Sender } from '../produce/send.js';
import { statusOfStoreError } from '../produce/store-failure.js';
import type { EndTransaction } from '../transaction/end-transaction.js';
import type { Broker, Placed, Producer, Pulled, QueuePlace } from './brokers.js';
import type { Caller } from './caller.js';
import { OK, statusOf } from './codes.js';
import { Enquirer, pulledOf } from './enquirer.js';
import { refuseOtherType } from './message-types.js';
import type { SentMessage } from './sent-message.js';

export interface OwnRooms {
  readonly groups: Groups;
  readonly destination: Destination;
  readonly sends: Send;
  readonly recalls: Recall;
  readonly ending: EndTransaction;
  readonly receives: Receive;
  readonly acknowledge: Acknowledge;
  readonly lite: LiteSubscriptions;
  readonly pulls: Pull;
  readonly offsets: Offsets;
}

/** The broker behind this door: its rooms, called as the other doors call them. */
export class OwnBroker implements Broker {
  constructor(
    readonly name: string,
    private readonly rooms: OwnRooms,
  ) {}

  group(name: string): GroupConfig | undefined {
    return named(() => this.rooms.groups.find(name));
  }

  send(topic: string, message: SentMessage, producer: Producer): Promise<Placed> {
    return new Promise((resolve, reject) => {
      try {
        const header = this.header(topic, message);
        const answer = this.rooms.sends.message(header, message.body, senderOf(producer), (error) => {
          if (!error) resolve(placedAt(answer, message, OK));
          else if (error.kind === 'sync-timeout')
            resolve(placedAt(answer, message, statusOf(asStatus(error)) ?? OK));
          else reject(asStatus(error));
        });
      } catch (error) {
        reject(asStatus(error));
      }
    });
  }

  private header(topic: string, message: SentMessage): SendMessageHeader {
    const { sysFlag, bornTimestamp, properties } = message;
    const header = plainHeader({ producerGroup: topic, topic, bornTimestamp, sysFlag, properties });
    const config = this.rooms.destination.topic(header);
    refuseOtherType(config, message.type);
    if (message.messageGroup === undefined) return header;
    return { ...header, queueId: queueOfKey(message.messageGroup, config.writeQueueNums) };
  }

  async endTransaction(verdict: EndTransactionHeader, caller: Caller): Promise<void> {
    const { status, remark } = await new Promise<Outcome>((resolve) => {
      const { address, host } = caller;
      const enquirer = new Enquirer({ address, host }, resolve);
      const now = this.rooms.ending.end(verdict, enquirer.context);
      if (now !== NO_ANSWER) resolve(now);
    });
    if (status !== 'OK') throw new StatusError(status, remark);
  }

  recall(topic: string, recallHandle: string): Promise<string> {
    return this.rooms.recalls.recall({ topic, recallHandle }).catch(rethrown);
  }

  receive(request: ReceiveRequest, gone: AbortSignal): Promise<readonly ReceivedMessage[]> {
    return this.rooms.receives.receive(request, gone).catch(rethrown);
  }

  done(message: HandedOut): boolean {
    return named(() => this.rooms.acknowledge.done(message));
  }

  change(message: HandedOut, invisibleMs: number, uncounted?: boolean): Receipt | undefined {
    return named(() => this.rooms.acknowledge.change(message, invisibleMs, uncounted));
  }

  subscribeLite(subscription: LiteSubscription, member: LiteMember): void {
    this.rooms.lite.say(subscription, member);
  }

  bury(group: string, message: Buried): Promise<void> {
    return this.rooms.receives.bury(group, message).catch(rethrown);
  }

  async pull(header: PullMessageHeader, gone: AbortSignal): Promise<Pulled> {
    const outcome = await new Promise<Outcome>((resolve) => {
      const enquirer = new Enquirer({ gone }, resolve);
      // one that is held is forgotten then
      enquirer.onClose(() => resolve({ ...NOTHING_FOUND, header: new PullAnswer(header.queueOffset, 0, 0) }));
      const now = named(() => this.rooms.pulls.arrived(header, enquirer.context));
      if (now !== NO_ANSWER) resolve(now);
    });
    return pulledOf(outcome);
  }

  committed(consumerGroup: string, queue: QueuePlace): number | undefined {
    const { status, header } = named(() =>
      this.rooms.offsets.query({ consumerGroup, ...queue, setZeroIfNotFound: false }),
    );
    return status === 'OK' ? offsetIn(header) : undefined;
  }

  commit(consumerGroup: string, queue: QueuePlace, commitOffset: number): unknown {
    return named(() => this.rooms.offsets.update({ consumerGroup, ...queue, commitOffset }));
  }

  offsetAt(queue: QueuePlace, at: 'first' | 'end' | number): number {
    const { offsets } = this.rooms;
    const answer = named(() => {
      if (at === 'first') return offsets.min(queue);
      return at === 'end' ? offsets.max(queue) : offsets.byTime({ ...queue, timestamp: at });
    });
    return offsetIn(answer.header);
  }
}

function senderOf({ caller: { host, language }, peer }: Producer): Sender {
  const version = CURRENT_VERSION;
  return { bornHost: host, version, context: peer && { peer, version, language } };
}

function placedAt(
  { msgId, queueOffset, recallHandle }: SendMessageAnswer,
  { type }: SentMessage,
  status: Placed['status'],
): Placed {
  const isHalf = type === 'TRANSACTION';
  const physicalOffset = (isHalf && decodeOffsetMessageId(msgId)?.physicalOffset) || 0;
  return { status, offset: queueOffset, physicalOffset, recallHandle };
}

const NOTHING_FOUND = { status: 'PULL_NOT_FOUND' } as const;

const offsetIn = (header: Outcome['header']): number => (header as { offset: number }).offset;

function asStatus(error: unknown): unknown {
  return error instanceof StoreError ? new StatusError(statusOfStoreError(error), error.message) : error;
}

function rethrown(error: unknown): never {
  throw asStatus(error);
}

/** What rooms do, with the store's failures under the names that all doors have for them. */
export function named<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw asStatus(error);
  }
}
