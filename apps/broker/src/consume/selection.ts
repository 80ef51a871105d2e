import { StatusError } from '@halfmq/remoting';
import { IsOptional, IsString } from 'class-validator';

/** Which messages of a topic are wanted: at most one of the two. */
export class Selection {
  /** `created || paid`: everything unless told */
  @IsOptional()
  @IsString()
  tags?: string;

  /** an SQL92 expression instead, where the broker filters by properties */
  @IsOptional()
  @IsString()
  sql?: string;
}

/** @throws StatusError INVALID_PARAMETER */
export function refuseBoth({ tags, sql }: Selection): void {
  if (tags !== undefined && sql !== undefined)
    throw new StatusError('INVALID_PARAMETER', 'at most one of tags and sql is expected');
}

/** In the words of the wire. @throws StatusError INVALID_PARAMETER */
export function filterOf(selection: Selection): {
  readonly expression: string | undefined;
  readonly expressionType: 'TAG' | 'SQL92';
} {
  refuseBoth(selection);
  const { tags, sql } = selection;
  return { expression: sql ?? tags, expressionType: sql === undefined ? 'TAG' : 'SQL92' };
}
