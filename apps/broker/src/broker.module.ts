import { Module, type DynamicModule, type ValueProvider } from '@nestjs/common';
import { RemotingClient, type Clock, type Host, type Log } from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import { Limits } from './admit/limits.js';
import { BrokerHandlers } from './admin/broker.handlers.js';
import { GroupAdmin } from './admin/group-admin.js';
import { GroupsHandlers } from './admin/groups.handlers.js';
import { LiveSettings } from './admin/live-settings.js';
import { OperatorsHandlers } from './admin/operators.handlers.js';
import { Relay } from './admin/relay.js';
import { RuntimeInfo } from './admin/runtime-info.js';
import { TopicAdmin } from './admin/topic-admin.js';
import { TopicsHandlers } from './admin/topics.handlers.js';
import type { BrokerConfig } from './config/resolve-config.js';
import { AssignmentHandlers } from './consume/assignment.handlers.js';
import { Assignment } from './consume/assignment.js';
import { ConsumeHandlers } from './consume/consume.handlers.js';
import { Hold } from './consume/hold.js';
import { OffsetsHandlers } from './consume/offsets.handlers.js';
import { Offsets } from './consume/offsets.js';
import { OrderLocks } from './consume/order-locks.js';
import { Filters } from './consume/filters.js';
import { Acknowledge } from './consume/pop/acknowledge.js';
import { ComeAgain } from './consume/pop/come-again.js';
import { HeldPops } from './consume/pop/held-pops.js';
import { LitePop } from './consume/pop/lite-pop.js';
import { LiteSubscriptions } from './consume/pop/lite-subscriptions.js';
import { Notify } from './consume/pop/notify.js';
import { Peek } from './consume/pop/peek.js';
import { PopArrivals } from './consume/pop/pop-arrivals.js';
import { PopChecks } from './consume/pop/pop-checks.js';
import { PopMemory } from './consume/pop/pop-memory.js';
import { PopHandlers } from './consume/pop/pop.handlers.js';
import { Pop } from './consume/pop/pop.js';
import { Receive } from './consume/pop/receive.js';
import { PullChecks } from './consume/pull-checks.js';
import { PullHandlers } from './consume/pull.handlers.js';
import { Pull } from './consume/pull.js';
import { QueryHandlers } from './consume/query.handlers.js';
import { Query } from './consume/query.js';
import { Resets } from './consume/resets.js';
import { Redeliver } from './consume/redeliver.js';
import { ClientsHandlers } from './directory/clients.handlers.js';
import { Clients } from './directory/clients.js';
import { Groups } from './directory/groups.js';
import { Doors } from './directory/doors.js';
import { LiteTopics } from './directory/lite-topics.js';
import { NameServers } from './directory/name-servers.js';
import { NewTopics } from './directory/new-topics.js';
import { Registration } from './directory/registration.js';
import { Routes } from './directory/routes.js';
import { Topics } from './directory/topics.js';
import { AddressRules } from './outbound/address-rules.js';
import { DELIVERIES, Endpoints, QUESTIONS } from './outbound/endpoints.js';
import { Outbound } from './outbound/outbound.js';
import { Backurls } from './produce/backurls.js';
import { Delay } from './produce/delay.js';
import { Destination } from './produce/destination.js';
import { DueDeliveries } from './produce/due-deliveries.js';
import { OffsetMessageIds } from './produce/offset-message-ids.js';
import { Put } from './produce/put.js';
import { Recall } from './produce/recall.js';
import { ReplyHandlers } from './produce/reply.handlers.js';
import { Reply } from './produce/reply.js';
import { BrokerProperties } from './produce/send-properties.js';
import { SendHandlers } from './produce/send.handlers.js';
import { Send } from './produce/send.js';
import { BackurlPush } from './push/backurl-push.js';
import { Pushers } from './push/pushers.js';
import { Pushes } from './push/pushes.js';
import { Ask } from './transaction/ask.js';
import { CheckBack } from './transaction/check-back.js';
import { CheckByUrl } from './transaction/check-by-url.js';
import { CheckHistory } from './transaction/check-history.js';
import { Decide } from './transaction/decide.js';
import { EndLane } from './transaction/end-lane.js';
import { EndTransaction } from './transaction/end-transaction.js';
import { Resume } from './transaction/resume.js';
import { TransactionHandlers } from './transaction/transaction.handlers.js';
import { Waits } from './transaction/waits.js';
import { room } from './room.js';
import {
  ADDRESS,
  REFUSE_HOLD,
  REFUSE_SEND,
  CLOCK,
  CONFIG,
  HOLDS_LOCK,
  PLAIN_ENDS,
  LOG,
  RECEIVERS,
  MESSAGE_STORE,
  STORE_HOST,
  WORKERS,
} from './tokens.js';

/** What exists before the rooms do. */
export interface Foundation {
  readonly config: BrokerConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: MessageStore;
  readonly storeHost: Host;
  /** brokerIP1:listenPort */
  readonly address: string;
  /** to name servers */
  readonly client: RemotingClient;
}

/** What runs on its own, in the order of its start. */
const RUNNING = [
  Clients,
  Hold,
  PopMemory,
  HeldPops,
  LiteTopics,
  LiteSubscriptions,
  ComeAgain,
  DueDeliveries,
  Outbound,
  CheckBack,
  Pushes,
  BackurlPush,
];

/** The only file that knows every room: which exist, and what each is given. */
@Module({})
export class BrokerModule {
  static on(foundation: Foundation): DynamicModule {
    return {
      module: BrokerModule,
      controllers: [
        ...PRODUCE.controllers,
        ...TRANSACTION.controllers,
        ...CONSUME.controllers,
        ...DIRECTORY.controllers,
        ...ADMIN.controllers,
      ],
      providers: [
        { provide: CONFIG, useValue: foundation.config },
        { provide: CLOCK, useValue: foundation.clock },
        { provide: LOG, useValue: foundation.log },
        { provide: MESSAGE_STORE, useValue: foundation.store },
        { provide: STORE_HOST, useValue: foundation.storeHost },
        { provide: ADDRESS, useValue: foundation.address },
        { provide: RemotingClient, useValue: foundation.client },
        {
          provide: HOLDS_LOCK,
          inject: [OrderLocks],
          useFactory: (locks: OrderLocks) => (group: string) => locks.holdsAny(group),
        },
        ...admission(foundation),
        ...DIRECTORY.rooms,
        ...OUTBOUND.rooms,
        ...PRODUCE.rooms,
        ...TRANSACTION.rooms,
        ...CONSUME.rooms,
        ...PUSH.rooms,
        ...ADMIN.rooms,
        {
          provide: WORKERS,
          inject: RUNNING,
          useFactory: (...workers: unknown[]) => workers,
        },
      ],
    };
  }
}

function admission({ config, store }: Foundation): ValueProvider[] {
  const limits = new Limits(config, store.load);
  return [
    { provide: REFUSE_SEND, useValue: (waitedMs: number) => limits.refuseSend(waitedMs) },
    { provide: REFUSE_HOLD, useValue: (held: number) => limits.refuseHold(held) },
  ];
}

const DIRECTORY = {
  controllers: [ClientsHandlers],
  rooms: [
    room(Topics, MESSAGE_STORE, CONFIG, CLOCK, LOG),
    room(LiteTopics, CONFIG, CLOCK, LOG, MESSAGE_STORE, Topics),
    room(Groups, MESSAGE_STORE, CONFIG, CLOCK, LOG),
    room(Clients, Topics, Groups, CONFIG, CLOCK, LOG),
    room(Doors),
    room(NameServers, CONFIG, CLOCK, LOG),
    room(Routes, CONFIG, Topics, NameServers, RemotingClient, CLOCK, LOG),
    room(Registration, CONFIG, ADDRESS, Topics, NameServers, RemotingClient, CLOCK, LOG),
    room(NewTopics, Topics, Registration, Clients),
  ],
};

const PRODUCE = {
  controllers: [SendHandlers, ReplyHandlers],
  rooms: [
    room(Delay, CLOCK, CONFIG),
    room(Backurls, MESSAGE_STORE, Outbound),
    room(Put, MESSAGE_STORE, Delay, Backurls),
    room(OffsetMessageIds, STORE_HOST),
    room(DueDeliveries, CLOCK, LOG, CONFIG, MESSAGE_STORE, Backurls),
    room(BrokerProperties, CONFIG, CLOCK),
    room(Recall, CONFIG, CLOCK, MESSAGE_STORE, Topics),
    room(Reply, CONFIG, CLOCK, LOG, Clients, STORE_HOST),
    room(Destination, CONFIG, Topics, Groups, HOLDS_LOCK),
    room(
      Send,
      CONFIG,
      CLOCK,
      Destination,
      BrokerProperties,
      Clients,
      Put,
      Delay,
      OffsetMessageIds,
      LiteTopics,
      REFUSE_SEND,
    ),
  ],
};

const OUTBOUND = {
  rooms: [
    room(AddressRules, CONFIG),
    { provide: Endpoints, useFactory: (clock: Clock) => new Endpoints(clock, QUESTIONS), inject: [CLOCK] },
    { provide: RECEIVERS, useFactory: (clock: Clock) => new Endpoints(clock, DELIVERIES), inject: [CLOCK] },
    room(Outbound, CLOCK, AddressRules, Endpoints, RECEIVERS),
  ],
};

const TRANSACTION = {
  controllers: [TransactionHandlers],
  rooms: [
    room(Decide, LOG, MESSAGE_STORE, Delay, Backurls),
    room(CheckHistory, CLOCK),
    room(EndTransaction, CLOCK, LOG, MESSAGE_STORE, Decide, CheckHistory),
    room(EndLane, CLOCK, MESSAGE_STORE, EndTransaction),
    { provide: PLAIN_ENDS, useExisting: EndLane },
    room(Ask, MESSAGE_STORE, Clients, CONFIG),
    room(Waits, CLOCK, CONFIG),
    room(CheckByUrl, CLOCK, LOG, MESSAGE_STORE, Outbound, Decide, CheckHistory, Waits),
    room(CheckBack, CLOCK, LOG, MESSAGE_STORE, Clients, Topics, Ask, CheckHistory, CheckByUrl, Waits, CONFIG),
    room(Resume, CLOCK, MESSAGE_STORE, CheckBack, CheckHistory),
  ],
};

const CONSUME = {
  controllers: [
    PullHandlers,
    PopHandlers,
    AssignmentHandlers,
    OffsetsHandlers,
    ConsumeHandlers,
    QueryHandlers,
  ],
  rooms: [
    room(Hold, CLOCK, MESSAGE_STORE, Topics),
    room(Filters, CONFIG),
    room(PullChecks, CONFIG, Topics, Groups, Clients, Filters),
    room(Resets, CONFIG, MESSAGE_STORE, Topics, Groups, Clients),
    room(Pull, CONFIG, MESSAGE_STORE, PullChecks, Hold, Resets, LOG, REFUSE_HOLD),
    room(Offsets, MESSAGE_STORE, Topics, Groups, Resets, LOG),
    room(Assignment, CONFIG, MESSAGE_STORE, Topics, Groups, Clients, Routes, LOG),
    room(PopMemory, MESSAGE_STORE, Topics, OrderLocks, LiteTopics),
    room(PopChecks, CONFIG, CLOCK, Topics, Groups, Filters),
    room(Pop, CONFIG, CLOCK, MESSAGE_STORE, Topics, Offsets, Resets, PopMemory),
    room(HeldPops, CONFIG, CLOCK, MESSAGE_STORE, Topics, Clients),
    room(ComeAgain, CLOCK, LOG, MESSAGE_STORE, Topics, Groups, PopMemory),
    room(Peek, CONFIG, MESSAGE_STORE, Topics, PopChecks),
    room(PopArrivals, CLOCK, LOG, PopChecks, Pop, HeldPops),
    room(LiteSubscriptions, CONFIG, CLOCK, MESSAGE_STORE, Groups, PopMemory, HeldPops),
    room(LitePop, CLOCK, MESSAGE_STORE, Pop, PopMemory, LiteSubscriptions),
    room(Acknowledge, CLOCK, MESSAGE_STORE, Topics, PopMemory, HeldPops, LiteSubscriptions),
    room(Notify, CLOCK, PopChecks, Pop, HeldPops),
    room(Query, MESSAGE_STORE, CLOCK),
    room(OrderLocks, CLOCK),
    room(Redeliver, CONFIG, LOG, MESSAGE_STORE, Topics, Groups, Put),
    room(Receive, CLOCK, PopChecks, Pop, HeldPops, Groups, Redeliver, Acknowledge, LitePop),
  ],
};

const PUSH = {
  rooms: [
    room(Pushers, CONFIG, CLOCK, LOG, Receive, Acknowledge, Groups, Outbound),
    room(Pushes, LOG, MESSAGE_STORE, Groups, Receive, Pushers),
    room(BackurlPush, CLOCK, MESSAGE_STORE, Backurls, Pushers),
  ],
};

const ADMIN = {
  controllers: [TopicsHandlers, GroupsHandlers, BrokerHandlers, OperatorsHandlers],
  rooms: [
    room(TopicAdmin, CONFIG, Topics, MESSAGE_STORE, Registration),
    room(GroupAdmin, CONFIG, Groups, Clients, Topics, MESSAGE_STORE),
    room(LiveSettings, CONFIG, Registration, CLOCK, LOG),
    room(Relay, Clients, MESSAGE_STORE),
    room(RuntimeInfo, CONFIG, MESSAGE_STORE, Put, Clients, CLOCK, Doors),
  ],
};
