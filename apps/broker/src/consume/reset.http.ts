import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { StatusError } from '@halfmq/remoting';
import { IsBoolean, IsInt, IsOptional, IsString, Min, MinLength } from 'class-validator';
import type { Soon } from '../soon.js';
import { RESETTING } from '../tokens.js';
import type { Asked, Move } from './resets.js';

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

  /** at this broker alone; with `queueId` it is needed where several have the topic */
  @IsOptional()
  @IsString()
  @MinLength(1)
  brokerName?: string;

  /** true: says what would happen, and does nothing */
  @IsOptional()
  @IsBoolean()
  dryRun = false;
}

/** Where a group goes on in one queue. */
export interface ResetQueue extends Move {
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

export interface Resetting {
  /** Resolves when the group goes on there; says it only where `dryRun` is set. */
  move(asked: Asked): Soon<readonly Move[]>;
}

/** A group reads again, or passes over what has piled up. */
@Controller('v1/groups')
export class ResetOverHttp {
  constructor(@Inject(RESETTING) private readonly resets: Resetting) {}

  @Post(':group/reset')
  @HttpCode(200)
  async reset(@Param('group') group: string, @Body() asked: ResetBody): Promise<ResetAnswer> {
    const { to: _, ...place } = asked;
    const moves = await this.resets.move({ group, ...place, timestamp: momentOf(asked) });
    const queues = moves.map((move) => ({ ...move, again: (move.from ?? move.to) - move.to }));
    const sum = (of: (queue: ResetQueue) => number): number =>
      queues.reduce((total, queue) => total + Math.max(0, of(queue)), 0);
    return {
      applied: !asked.dryRun,
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
