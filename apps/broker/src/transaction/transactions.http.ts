import { randomUUID } from 'node:crypto';
import { Body, Controller, HttpCode, Inject, Param, Post, Put, Req, Res } from '@nestjs/common';
import { StatusError } from '@halfmq/remoting';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Outbound } from '../outbound/outbound.js';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Backurls } from '../produce/backurls.js';
import { bornHostOf } from '../produce/born-host.js';
import { bodyOf, propertiesOf } from '../produce/given-message.js';
import type { NewTransaction, PreparedMessage } from '../produce/prepare.js';
import { BACKURLS, BEGINNING, CONFIG, OUTBOUND } from '../tokens.js';
import type { ShownTransaction } from './shown-transaction.js';
import { BeginRequest, type TransactionMessage } from './transaction-request.js';

const CREATED = 201;

export interface Beginning {
  /**
   * Resolves when its half messages are stored.
   * @param isNamed its id is the caller's: a repeated call makes no second one
   */
  begin(transaction: NewTransaction, isNamed: boolean): Promise<Begun>;
}

export interface Begun {
  readonly transaction: ShownTransaction;
  /** false: it was there already */
  readonly made: boolean;
}

/** Transactions of those who speak HTTP: begun here, decided in verdicts.http.ts. */
@Controller('v1/transactions')
export class TransactionsOverHttp {
  constructor(
    @Inject(BEGINNING) private readonly beginning: Beginning,
    @Inject(OUTBOUND) private readonly outbound: Pick<Outbound, 'callable'>,
    @Inject(BACKURLS) private readonly backurls: Pick<Backurls, 'propertyOf'>,
    @Inject(CONFIG) private readonly config: Pick<BrokerConfig, 'maxMessageSize'>,
  ) {}

  /** Under an id that is made here. */
  @Post()
  @HttpCode(CREATED)
  async post(@Body() given: BeginRequest, @Req() request: FastifyRequest): Promise<ShownTransaction> {
    const transaction = this.transactionOf(randomUUID(), given, request);
    return (await this.beginning.begin(transaction, false)).transaction;
  }

  /** Under the caller's id: a repeated call makes no second one. */
  @Put(':id')
  async put(
    @Param('id') id: string,
    @Body() given: BeginRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ShownTransaction> {
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(id)) {
      throw new StatusError(
        'INVALID_PARAMETER',
        'the id has letters, digits, dots, dashes or underscores, at most 64',
      );
    }
    const { transaction, made } = await this.beginning.begin(this.transactionOf(id, given, request), true);
    if (made) reply.status(CREATED);
    return transaction;
  }

  private transactionOf(id: string, given: BeginRequest, request: FastifyRequest): NewTransaction {
    const { group, messages, checkUrl, checkAfterMs } = given;
    return {
      id,
      group,
      messages: messages.map((message) => this.messageOf(message)),
      bornHost: bornHostOf(request),
      checkUrl: checkUrl === undefined ? undefined : this.outbound.callable('checkUrl', checkUrl).href,
      checkAfterMs,
    };
  }

  private messageOf(given: TransactionMessage): PreparedMessage {
    const { topic, shardingKey } = given;
    return {
      topic,
      body: bodyOf(given, this.config.maxMessageSize),
      properties: propertiesOf(given, shardingKey) + this.backurls.propertyOf(given),
      shardingKey,
    };
  }
}
