import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query } from '@nestjs/common';
import { StatusError } from '@halfmq/remoting';
import type { Verdict } from '@halfmq/store';
import { KnownTransactions, type KnownTransaction } from './known-transactions.js';
import { Operate, type Actor } from './operate.js';
import { Preview, type Previewed } from './preview.js';
import type { ShownTransaction } from './shown-transaction.js';
import { OneRequest, ReasonRequest } from './transaction-request.js';
import { TransactionHistory, type ToldHistory } from './transaction-history.js';

const OPERATOR = 'x-halfmq-operator';
const LONGEST_NAME = 100;

/** One in full. */
export type TransactionInFull = ShownTransaction & ToldHistory;

/** One transaction: what is known of it, and what may be done to it by its service or by an operator. */
@Controller('v1/transactions/:id')
export class VerdictsOverHttp {
  constructor(
    private readonly known: KnownTransactions,
    private readonly operate: Operate,
    private readonly previews: Preview,
    private readonly history: TransactionHistory,
  ) {}

  @Get()
  async one(@Param('id') id: string, @Query() { group }: OneRequest): Promise<TransactionInFull> {
    return this.inFull(await this.known.one(id, group));
  }

  private inFull(transaction: KnownTransaction): TransactionInFull {
    return { ...this.known.shown(transaction, true), ...this.history.of(transaction) };
  }

  /** What its producer would answer; nothing is decided by it. */
  @Get('preview')
  async preview(@Param('id') id: string, @Query() { group }: OneRequest): Promise<Previewed> {
    return this.previews.of(await this.known.one(id, group));
  }

  @Post('commit')
  @HttpCode(200)
  commit(
    @Param('id') id: string,
    @Query() asked: OneRequest,
    @Body() given: ReasonRequest,
    @Headers(OPERATOR) operator?: string,
  ): Promise<TransactionInFull> {
    return this.decide('commit', id, asked, { operator: nameOf(operator), reason: given.reason });
  }

  @Post('rollback')
  @HttpCode(200)
  rollback(
    @Param('id') id: string,
    @Query() asked: OneRequest,
    @Body() given: ReasonRequest,
    @Headers(OPERATOR) operator?: string,
  ): Promise<TransactionInFull> {
    return this.decide('rollback', id, asked, { operator: nameOf(operator), reason: given.reason });
  }

  /** Asks now. What is answered decides; over the wire it comes later. */
  @Post('check')
  @HttpCode(200)
  async check(
    @Param('id') id: string,
    @Query() asked: OneRequest,
    @Body() given: ReasonRequest,
    @Headers(OPERATOR) operator?: string,
  ): Promise<TransactionInFull> {
    await this.operate.check(id, asked.group, { operator: nameOf(operator), reason: given.reason });
    return this.one(id, asked);
  }

  /** A parked one is asked about again. */
  @Post('recover')
  @HttpCode(200)
  async recover(
    @Param('id') id: string,
    @Query() asked: OneRequest,
    @Body() given: ReasonRequest,
    @Headers(OPERATOR) operator?: string,
  ): Promise<TransactionInFull> {
    await this.operate.recover(id, asked.group, { operator: nameOf(operator), reason: given.reason });
    return this.one(id, asked);
  }

  private async decide(
    kind: Verdict['kind'],
    id: string,
    asked: OneRequest,
    actor: Actor,
  ): Promise<TransactionInFull> {
    return this.inFull(await this.operate.decide(id, asked.group, kind, actor));
  }
}

/** @throws StatusError INVALID_PARAMETER */
function nameOf(operator: string | undefined): string | undefined {
  const name = operator?.trim();
  if (name === undefined || name === '') return undefined;
  if (name.length <= LONGEST_NAME) return name;
  throw new StatusError('INVALID_PARAMETER', `${OPERATOR} is a name of at most ${LONGEST_NAME} characters`);
}
