import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { StatusError } from '@halfmq/remoting';
import { IsBoolean, IsInt, IsOptional, IsString, Min, MinLength } from 'class-validator';
import type { MessageStore } from '@halfmq/store';
import { MESSAGE_STORE } from '../tokens.js';
import { Resets } from './resets.js';

/** Body of POST /v1/groups/{group}/reset. Either `to`, or `queueId` and `offset`. */
export class ResetBody {
  @IsString()
  @MinLength(1)
  topic = '';

  /** `earliest`, `latest`, or a moment in ISO 8601: what was stored then or later comes again */
  @IsOptional()
  @IsString()
  to?: string;

  @IsOptional()
  @IsInt()
  @Min(0)
  queueId?: number;

  @IsOptional()
  @IsInt()
  @Min(0)
  offset?: number;

  /** true: says what would happen, and does nothing */
  @IsOptional()
  @IsBoolean()
  dryRun = false;
}

/** Where a group goes on in one queue. */
export interface ResetQueue {
  readonly queueId: number;
  /** undefined: the group has read nothing of it */
  readonly from: number | undefined;
  readonly to: number;
  /** messages it has read that come again; negative: so many are passed over */
  readonly again: number;
}

export interface ResetAnswer {
  readonly applied: boolean;
  readonly queues: readonly ResetQueue[];
  /** messages that come again, in all */
  readonly again: number;
  /** messages that are passed over, in all */
  readonly skipped: number;
}

/** A group reads again, or passes over what has piled up. */
@Controller('v1/groups')
export class ResetOverHttp {
  constructor(
    private readonly resets: Resets,
    @Inject(MESSAGE_STORE) private readonly store: MessageStore,
  ) {}

  @Post(':group/reset')
  @HttpCode(200)
  reset(@Param('group') group: string, @Body() asked: ResetBody): ResetAnswer {
    const { topic, queueId, offset, dryRun } = asked;
    const header = { group, topic, timestamp: momentOf(asked), queueId, offset };
    const before = this.store.offsets.ofTopic(group, topic);
    const known = new Map(before);
    const targets = dryRun ? this.resets.preview(header) : this.resets.reset(header);
    const queues = targets.map(([queue, to]) => {
      const from = known.get(queue.queueId);
      return { queueId: queue.queueId, from, to, again: (from ?? to) - to };
    });
    const sum = (of: (queue: ResetQueue) => number): number =>
      queues.reduce((total, queue) => total + Math.max(0, of(queue)), 0);
    return {
      applied: !dryRun,
      queues,
      again: sum(({ again }) => again),
      skipped: sum(({ again }) => -again),
    };
  }
}

/** @throws StatusError INVALID_PARAMETER */
function momentOf({ to, queueId, offset }: ResetBody): number {
  const byOffset = queueId !== undefined && offset !== undefined;
  if ((to === undefined) !== byOffset || (to !== undefined && (queueId ?? offset) !== undefined))
    throw new StatusError('INVALID_PARAMETER', 'either to is expected, or queueId and offset');
  if (to === undefined || to === 'earliest') return 0;
  if (to === 'latest') return -1;
  const moment = /^\d{4}-\d{2}-\d{2}T/.test(to) ? Date.parse(to) : NaN;
  if (Number.isNaN(moment))
    throw new StatusError(
      'INVALID_PARAMETER',
      `to: earliest, latest or a moment in ISO 8601 expected, got ${to}`,
    );
  return moment;
}
