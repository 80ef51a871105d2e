import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { StatusError } from '@halfmq/remoting';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Outbound } from '../outbound/outbound.js';
import type { BrokerConfig } from '../config/resolve-config.js';
import { Backurls } from '../produce/backurls.js';
import { bornHostOf } from '../produce/born-host.js';
import { bodyOf, propertiesOf } from '../produce/given-message.js';
import { queueOfKey } from '../produce/ordering-key.js';
import type { NewTransaction, PreparedMessage } from '../produce/prepare.js';
import { CONFIG } from '../tokens.js';
import { Begin } from './begin.js';
import { KnownTransactions, type TransactionPage } from './known-transactions.js';
import type { ShownTransaction } from './shown-transaction.js';
import { BeginRequest, ListRequest, type TransactionMessage } from './transaction-request.js';

const CREATED = 201;

/** Transactions of those who speak HTTP: begun here, decided in verdicts.http.ts. */
@Controller('v1/transactions')
export class TransactionsOverHttp {
  constructor(
    private readonly beginning: Begin,
    private readonly known: KnownTransactions,
    private readonly outbound: Outbound,
    private readonly backurls: Backurls,
    @Inject(CONFIG) private readonly config: BrokerConfig,
  ) {}

  /** Under an id of the broker's. */
  @Post()
  @HttpCode(CREATED)
  async post(@Body() given: BeginRequest, @Req() request: FastifyRequest): Promise<ShownTransaction> {
    const { transaction } = await this.beginning.begin(this.transactionOf(randomUUID(), given, request));
    return this.known.shown(transaction, false);
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
    const { transaction, made } = await this.beginning.begin(this.transactionOf(id, given, request));
    if (made) reply.status(CREATED);
    return this.known.shown(transaction, false);
  }

  @Get()
  list(@Query() asked: ListRequest): Promise<TransactionPage> {
    return this.known.list(asked);
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
      chooseQueue: shardingKey === undefined ? undefined : (queues) => queueOfKey(shardingKey, queues),
    };
  }
}
