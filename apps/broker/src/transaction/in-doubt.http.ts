import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query } from '@nestjs/common';
import { KnownTransactions, type TransactionPage } from './known-transactions.js';
import { Operate } from './operate.js';
import { nameOf, OPERATOR } from './operator-name.js';
import { Preview, type Previewed } from './preview.js';
import { ListRequest, OneRequest, ReasonRequest } from './transaction-request.js';
import { TransactionsInFull } from './transactions-in-full.js';
import type { TransactionInFull } from './verdicts.http.js';

/** What is known of transactions, and what an operator may do about those in doubt. */
@Controller('v1/transactions')
export class InDoubtOverHttp {
  constructor(
    private readonly known: KnownTransactions,
    private readonly inFull: TransactionsInFull,
    private readonly operate: Operate,
    private readonly previews: Preview,
  ) {}

  @Get()
  list(@Query() asked: ListRequest): Promise<TransactionPage> {
    return this.known.list(asked);
  }

  @Get(':id')
  one(@Param('id') id: string, @Query() { group }: OneRequest): Promise<TransactionInFull> {
    return this.inFull.one(id, group);
  }

  /** What its producer would answer; nothing is decided by it. */
  @Get(':id/preview')
  async preview(@Param('id') id: string, @Query() { group }: OneRequest): Promise<Previewed> {
    return this.previews.of(await this.known.one(id, group));
  }

  /** Asks now. What is answered decides; over the wire it comes later. */
  @Post(':id/check')
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
  @Post(':id/recover')
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
}
