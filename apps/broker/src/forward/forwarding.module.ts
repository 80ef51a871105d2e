import { Controller, Get, Module, type DynamicModule } from '@nestjs/common';
import { DocumentOverHttp, documentWithout } from '../accept/document.http.js';
import type { BrokerConfig } from '../config/resolve-config.js';
import { ResetOverHttp } from '../consume/reset.http.js';
import { GroupsOverHttp } from '../consume/pop/groups.http.js';
import type { PostedMessage } from '../produce/given-message.js';
import { SendOverHttp } from '../produce/send.http.js';
import {
  ACKNOWLEDGING,
  BACKURLS,
  BEGINNING,
  CONFIG,
  DECIDING,
  DOCUMENT,
  GROUP_SETTINGS,
  OUTBOUND,
  PLACING,
  RECALLING,
  RECEIVING,
  RESETTING,
} from '../tokens.js';
import { TransactionsOverHttp } from '../transaction/transactions.http.js';
import { VerdictsOverHttp } from '../transaction/verdicts.http.js';
import type { ForwardedAcknowledging } from './forwarded-acknowledging.js';
import type { ForwardedMessages } from './forwarded-messages.js';
import type { ForwardedReceives } from './forwarded-receives.js';
import type { ForwardedResets } from './forwarded-resets.js';
import type { ForwardedTransactions } from './forwarded-transactions.js';
import { notHere, ROUTES_NOT_HERE } from './not-here.js';
import { NotHere } from './not-here.http.js';

export type ForwardingConfig = Pick<BrokerConfig, 'maxMessageSize' | 'messageDelayLevel'>;

export interface Forwarded {
  readonly config: ForwardingConfig;
  readonly messages: ForwardedMessages;
  readonly receives: ForwardedReceives;
  readonly acknowledging: ForwardedAcknowledging;
  readonly resets: ForwardedResets;
  readonly transactions: ForwardedTransactions;
}

/** For whoever starts and watches the process: brokers come and go without it. */
@Controller('health')
export class ForwardingHealth {
  @Get()
  health(): object {
    return { status: 'up' };
  }
}

const NO_BACKURLS = {
  propertyOf({ backurl, secret }: PostedMessage): string {
    if (backurl !== undefined || secret !== undefined) throw notHere('backurl');
    return '';
  },
};

const NO_CHECK_URLS = {
  callable(): never {
    throw notHere('checkUrl');
  },
};

/** The broker's HTTP door with brokers elsewhere behind it instead of rooms. */
@Module({})
export class ForwardingModule {
  static of({ config, messages, receives, acknowledging, resets, transactions }: Forwarded): DynamicModule {
    return {
      module: ForwardingModule,
      controllers: [
        SendOverHttp,
        GroupsOverHttp,
        ResetOverHttp,
        TransactionsOverHttp,
        VerdictsOverHttp,
        ForwardingHealth,
        DocumentOverHttp,
        NotHere,
      ],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: PLACING, useValue: messages },
        { provide: RECALLING, useValue: messages },
        { provide: BACKURLS, useValue: NO_BACKURLS },
        { provide: RECEIVING, useValue: receives },
        { provide: ACKNOWLEDGING, useValue: acknowledging },
        { provide: GROUP_SETTINGS, useValue: acknowledging },
        { provide: RESETTING, useValue: resets },
        { provide: OUTBOUND, useValue: NO_CHECK_URLS },
        { provide: BEGINNING, useValue: transactions },
        { provide: DECIDING, useValue: transactions },
        { provide: DOCUMENT, useValue: documentWithout(new Set(ROUTES_NOT_HERE.keys())) },
      ],
    };
  }
}
