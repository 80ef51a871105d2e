import { Body, Controller, Headers, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import type { Verdict } from '@halfmq/store';
import { DECIDING } from '../tokens.js';
import type { Actor } from './operate.js';
import { nameOf, OPERATOR } from './operator-name.js';
import type { ShownTransaction } from './shown-transaction.js';
import type { ToldHistory } from './transaction-history.js';
import { OneRequest, ReasonRequest } from './transaction-request.js';

/** One in full. */
export type TransactionInFull = ShownTransaction & ToldHistory;

/** One that is decided: in full, where that is known. */
export type DecidedTransaction = Pick<TransactionInFull, 'id' | 'group' | 'state'> &
  Partial<TransactionInFull>;

export interface Deciding {
  /** Resolves when the verdict is stored, also when it was there already. */
  decide(
    id: string,
    group: string | undefined,
    kind: Verdict['kind'],
    actor: Actor,
  ): Promise<DecidedTransaction>;
}

/** What a transaction's service decides, or an operator. */
@Controller('v1/transactions/:id')
export class VerdictsOverHttp {
  constructor(@Inject(DECIDING) private readonly decisions: Deciding) {}

  @Post('commit')
  @HttpCode(200)
  commit(
    @Param('id') id: string,
    @Query() asked: OneRequest,
    @Body() given: ReasonRequest,
    @Headers(OPERATOR) operator?: string,
  ): Promise<DecidedTransaction> {
    return this.decide('commit', id, asked, { operator: nameOf(operator), reason: given.reason });
  }

  @Post('rollback')
  @HttpCode(200)
  rollback(
    @Param('id') id: string,
    @Query() asked: OneRequest,
    @Body() given: ReasonRequest,
    @Headers(OPERATOR) operator?: string,
  ): Promise<DecidedTransaction> {
    return this.decide('rollback', id, asked, { operator: nameOf(operator), reason: given.reason });
  }

  private decide(
    kind: Verdict['kind'],
    id: string,
    { group }: OneRequest,
    actor: Actor,
  ): Promise<DecidedTransaction> {
    return this.decisions.decide(id, group, kind, actor);
  }
}
