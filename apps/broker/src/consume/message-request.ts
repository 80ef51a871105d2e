import { IsInt, IsOptional, IsString, Matches, Max, Min, MinLength } from 'class-validator';
import { Type } from 'class-transformer';

const MOMENT = /^(\d{1,15}|\d{4}-\d{2}-\d{2}(T[0-9:.]+(Z|[+-]\d{2}:\d{2}))?)$/;
const moment = (field: string): { message: string } => ({
  message: `${field} is neither ISO 8601 nor ms since 1970`,
});

/** Query of GET /v1/messages. */
export class MessagesRequest {
  @IsString()
  @MinLength(1)
  topic = '';

  /** one of the message's keys, or its id */
  @IsString()
  @MinLength(1)
  key = '';

  /** by store time: ISO 8601 or ms since 1970, included */
  @IsOptional()
  @Matches(MOMENT, moment('from'))
  from?: string;

  @IsOptional()
  @Matches(MOMENT, moment('to'))
  to?: string;

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(64)
  limit = 32;

  /** what the last answer called `next` */
  @IsOptional()
  @Matches(/^\d{1,15}$/, { message: 'cursor is not what an answer gave' })
  cursor?: string;
}

/** Query of GET /v1/messages/{messageId}. */
export class MessageRequest {
  /** needed when the id is a message id, and not an offset message id */
  @IsOptional()
  @IsString()
  @MinLength(1)
  topic?: string;
}
