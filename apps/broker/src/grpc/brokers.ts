import type { EndTransactionHeader, MessageRecord, PullMessageHeader, Receipt } from '@halfmq/remoting';
import type { HandedOut } from '../consume/pop/acknowledge.js';
import type { LiteMember, LiteSubscription } from '../consume/pop/lite-subscriptions.js';
import type { Buried, ReceivedMessage, ReceiveRequest } from '../consume/pop/receive.js';
import type { GroupConfig } from '../directory/group-config.js';
import type { TopicConfig } from '../directory/topic-config.js';
import type { Soon } from '../soon.js';
import type { Caller } from './caller.js';
import type { Endpoints, Status } from './contract.js';
import type { SentMessage } from './sent-message.js';
import type { TelemetryPeer } from './telemetry-peer.js';

/*
 * What the methods need of brokers. There are two kinds: the one behind this door (own-broker.ts), which is called, and those
 * elsewhere (elsewhere/), which are asked over RocketMQ's remoting protocol, as RocketMQ's proxy asks them.
 */

/** Who sends. */
export interface Producer {
  readonly caller: Caller;
  /** on which it is asked about its half messages */
  readonly peer: TelemetryPeer | undefined;
}

/** Where a message lies. One that was stored and not synced in time has its place, and a status that says so. */
export interface Placed {
  readonly status: Status;
  /** of a half message, in the half queue */
  readonly offset: number;
  /** of a half message; of others nobody asks for it */
  readonly physicalOffset: number;
  readonly recallHandle: string | undefined;
}

export interface QueuePlace {
  readonly topic: string;
  readonly queueId: number;
}

/** What a pull has found: nothing is `PULL_NOT_FOUND`. */
export interface Pulled {
  /** ResponseCode */
  readonly code: number;
  readonly nextOffset: number;
  readonly records: readonly MessageRecord[];
}

/** A topic as a message's type is held to it. */
export type Kinds = Pick<TopicConfig, 'topicName' | 'attributes'>;

/** A broker. All of it throws StatusError, Refusal; one that is elsewhere RemotingError, too. */
export interface Broker {
  readonly name: string;
  group(name: string): Soon<GroupConfig | undefined>;
  /** @param queueId undefined: the broker chooses */
  send(topic: string, message: SentMessage, producer: Producer, queueId?: number): Promise<Placed>;
  endTransaction(verdict: EndTransactionHeader, caller: Caller): Promise<void>;
  recall(topic: string, recallHandle: string): Promise<string>;
  receive(request: ReceiveRequest, gone: AbortSignal): Promise<readonly ReceivedMessage[]>;
  done(message: HandedOut): Soon<unknown>;
  /**
   * @param uncounted it was handed out in vain
   * @returns its new receipt; undefined: nobody had it any more
   */
  change(message: HandedOut, invisibleMs: number, uncounted?: boolean): Soon<Receipt | undefined>;
  /** Which lite topics a member is to be given. Of a broker elsewhere: Refusal NOT_IMPLEMENTED. */
  subscribeLite(subscription: LiteSubscription, member: LiteMember): void;
  bury(group: string, message: Buried): Promise<void>;
  /** May wait as long as its header says. */
  pull(header: PullMessageHeader, gone: AbortSignal): Promise<Pulled>;
  /** Where a group reads on; undefined: it has read nothing. */
  committed(group: string, queue: QueuePlace): Soon<number | undefined>;
  commit(group: string, queue: QueuePlace, offset: number): Soon<unknown>;
  /** @param at an end of the queue, or ms since 1970: what was stored then or later */
  offsetAt(queue: QueuePlace, at: 'first' | 'end' | number): Soon<number>;
}

/** Of a topic at one broker. */
export interface Holding {
  readonly brokerName: string;
  readonly perm: number;
  readonly readQueueNums: number;
  readonly writeQueueNums: number;
  /** its own door; undefined: this door speaks for it */
  readonly endpoints: Endpoints | undefined;
}

/** All brokers there are, the one behind this door first. */
export interface Brokers {
  /** a topic that clients may not name */
  isSystem(topic: string): boolean;
  /** Also of a topic that a send would make; none: there is no such topic. */
  holding(topic: string): Promise<readonly Holding[]>;
  kinds(topic: string): Soon<Kinds>;
  /** The settings of a group that reads these topics; undefined: not known, and not made by itself. */
  group(name: string, topics: readonly string[]): Soon<GroupConfig | undefined>;
  /** Who takes the next message of the topic. */
  toSend(topic: string, messageGroup: string | undefined): Soon<{ broker: Broker; queueId?: number }>;
  /** Who has messages of the topic. @param named the broker's name; empty: any */
  toReceive(topic: string, named: string): Soon<Broker>;
  /** @throws Refusal BAD_REQUEST: there is none of that name */
  named(brokerName: string, topic: string): Soon<Broker>;
}
