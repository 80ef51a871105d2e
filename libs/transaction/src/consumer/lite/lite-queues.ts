import { EXPRESSION_TAG, parseTagExpression, type SubscriptionData } from '@halfmq/remoting';
import type { ClientParts } from '../../client-parts.js';
import { HeldQueues } from '../held-queues.js';
import { RemoteOffsets } from '../offsets.js';
import { PollComplaints } from '../poll-complaints.js';
import { startOffset } from '../start-offset.js';
import { InAnyOrder } from '../waiting.js';
import type { Inbox } from './inbox.js';
import type { LitePullOptions } from './lite-options.js';

export interface LiteQueuesParts {
  readonly client: ClientParts;
  /** as brokers know it */
  readonly group: string;
  readonly from: NonNullable<LitePullOptions['from']>;
  readonly inbox: Inbox;
  readonly offsets: RemoteOffsets;
  /** what of a topic is wanted, which each pull says */
  readonly told: (topic: string) => SubscriptionData;
  /** something was given up that is still this member's */
  readonly rebalance: () => void;
}

/** The queues of a lite pull: read into its inbox. */
export function liteQueues({
  client,
  group,
  from,
  inbox,
  offsets,
  told,
  rebalance,
}: LiteQueuesParts): HeldQueues {
  const { clock, log, routes, brokers, heartbeats, names } = client;
  return new HeldQueues({
    clock,
    log,
    offsets,
    locks: undefined,
    dispatch: inbox,
    waitsForHandlers: false,
    waiting: () => new InAnyOrder(),
    startOffset: (queue) => startOffset(queue, from, routes, brokers),
    rebalance,
    pull: {
      clock,
      names,
      complaints: new PollComplaints(log, group),
      routes,
      brokers,
      group,
      commits: false,
      holdMs: client.pullHoldMs,
      subVersion: 0,
      expressionTypeOf: (topic) => told(topic).expressionType,
      expressionOf: (topic) => {
        const { expressionType, subString } = told(topic);
        return parseTagExpression(expressionType === EXPRESSION_TAG ? subString : '*');
      },
      subscriptionOf: (topic) => told(topic).subString,
      unknownSubscription: () => heartbeats.beat(true),
    },
  });
}
