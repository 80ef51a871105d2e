import { Module, type DynamicModule, type INestMicroservice, type Provider } from '@nestjs/common';
import { DocumentOverHttp, wholeDocument } from './accept/document.http.js';
import { Health } from './admin/health.http.js';
import { Filters } from './consume/filters.js';
import { MessagesOverHttp } from './consume/messages.http.js';
import { Acknowledge } from './consume/pop/acknowledge.js';
import { GroupsOverHttp } from './consume/pop/groups.http.js';
import { HeldPops } from './consume/pop/held-pops.js';
import { PopChecks } from './consume/pop/pop-checks.js';
import { Pop } from './consume/pop/pop.js';
import { Receive } from './consume/pop/receive.js';
import { Redeliver } from './consume/redeliver.js';
import { ResetOverHttp } from './consume/reset.http.js';
import { Resets } from './consume/resets.js';
import { Tails } from './consume/tails.js';
import { TopicReaders } from './consume/topic-reader.js';
import { TopicsOverHttp } from './consume/topics.http.js';
import { Groups } from './directory/groups.js';
import { Topics } from './directory/topics.js';
import { Outbound } from './outbound/outbound.js';
import { Backurls } from './produce/backurls.js';
import { Delay } from './produce/delay.js';
import { Destination } from './produce/destination.js';
import { Once } from './produce/once.js';
import { PlaceMessages } from './produce/place-messages.js';
import { Prepare } from './produce/prepare.js';
import { Recall } from './produce/recall.js';
import { BrokerProperties } from './produce/send-properties.js';
import { SendOverHttp } from './produce/send.http.js';
import { Send } from './produce/send.js';
import { BackurlPush } from './push/backurl-push.js';
import { PushOverHttp } from './push/push.http.js';
import { Pushes } from './push/pushes.js';
import {
  ACKNOWLEDGING,
  BACKURLS,
  BEGINNING,
  CLOCK,
  CONFIG,
  DECIDING,
  DOCUMENT,
  GROUP_SETTINGS,
  LOG,
  MESSAGE_STORE,
  OUTBOUND,
  PLACING,
  RECALLING,
  RECEIVING,
  REFUSE_SEND,
  RESETTING,
  STORE_HOST,
} from './tokens.js';
import { Ask } from './transaction/ask.js';
import { Begin } from './transaction/begin.js';
import { CheckBack } from './transaction/check-back.js';
import { CheckByUrl } from './transaction/check-by-url.js';
import { CheckHistory } from './transaction/check-history.js';
import { Decide } from './transaction/decide.js';
import { InDoubtOverHttp } from './transaction/in-doubt.http.js';
import { KnownTransactions } from './transaction/known-transactions.js';
import { Operate } from './transaction/operate.js';
import { Preview } from './transaction/preview.js';
import { Resume } from './transaction/resume.js';
import { TransactionsInFull } from './transaction/transactions-in-full.js';
import { TransactionHistory } from './transaction/transaction-history.js';
import { TransactionsOverHttp } from './transaction/transactions.http.js';
import { VerdictsOverHttp } from './transaction/verdicts.http.js';
import { room } from './room.js';

/** What of the broker's rooms is behind this door too. */
const SHARED = [
  CONFIG,
  CLOCK,
  LOG,
  MESSAGE_STORE,
  STORE_HOST,
  REFUSE_SEND,
  Send,
  Destination,
  Recall,
  BrokerProperties,
  Delay,
  Topics,
  Groups,
  Filters,
  PopChecks,
  Pop,
  HeldPops,
  Acknowledge,
  Receive,
  Pushes,
  BackurlPush,
  Redeliver,
  Resets,
  Outbound,
  Backurls,
  Ask,
  CheckBack,
  CheckByUrl,
  CheckHistory,
  Decide,
  Resume,
];

/** What nobody needs who does not speak HTTP. */
const OWN: readonly Provider[] = [
  room(Prepare, CONFIG, CLOCK, MESSAGE_STORE, Destination, BrokerProperties, Delay, REFUSE_SEND),
  room(Once, CLOCK, MESSAGE_STORE),
  room(PlaceMessages, CONFIG, CLOCK, Send, Destination, Once),
  room(KnownTransactions, CLOCK, MESSAGE_STORE),
  room(Begin, Prepare, KnownTransactions, MESSAGE_STORE),
  room(Operate, CLOCK, LOG, MESSAGE_STORE, KnownTransactions, Decide, CheckBack, CheckByUrl, Resume),
  room(TopicReaders, MESSAGE_STORE, Topics, Filters),
  room(Tails, CLOCK, MESSAGE_STORE, Topics),
  room(Preview, Ask),
  room(TransactionHistory, CheckHistory),
  room(TransactionsInFull, KnownTransactions, TransactionHistory, Operate),
];

/** What is behind the routes that a door without rooms has, too. */
const BEHIND: readonly Provider[] = [
  { provide: PLACING, useExisting: PlaceMessages },
  { provide: RECALLING, useExisting: Recall },
  { provide: BACKURLS, useExisting: Backurls },
  { provide: RECEIVING, useExisting: Receive },
  { provide: ACKNOWLEDGING, useExisting: Acknowledge },
  { provide: GROUP_SETTINGS, useExisting: Groups },
  { provide: OUTBOUND, useExisting: Outbound },
  { provide: BEGINNING, useExisting: Begin },
  { provide: DECIDING, useExisting: TransactionsInFull },
  { provide: RESETTING, useExisting: Resets },
  { provide: DOCUMENT, useValue: wholeDocument },
];

/** What the HTTP door shows of the rooms. Imported only when the door opens. */
@Module({})
export class HttpModule {
  /** @param rooms the running microservice: its rooms are the ones behind this door too */
  static of(rooms: INestMicroservice): DynamicModule {
    const shared = SHARED.map((token) => ({ provide: token, useValue: rooms.get<unknown>(token) }));
    return {
      module: HttpModule,
      controllers: [
        SendOverHttp,
        TopicsOverHttp,
        MessagesOverHttp,
        GroupsOverHttp,
        PushOverHttp,
        ResetOverHttp,
        TransactionsOverHttp,
        VerdictsOverHttp,
        InDoubtOverHttp,
        Health,
        DocumentOverHttp,
      ],
      providers: [...shared, ...OWN, ...BEHIND],
    };
  }
}
