import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { LONGEST_URL } from '../outbound/http-url.js';
import { PostedMessage } from '../produce/given-message.js';

export const STATES = ['pending', 'parked', 'committed', 'rolledBack'] as const;

const MOST_MESSAGES = 1_000;
const LONGEST_REASON = 500;
const MOST_MS = 1e12;

/** One message of a transaction. */
export class TransactionMessage extends PostedMessage {
  @IsString()
  @MinLength(1)
  topic = '';

  /** messages of one key go to one queue, in their order */
  @IsOptional()
  @IsString()
  @Matches(/^[^\u0001\u0002]*$/, { message: 'shardingKey holds a control character' })
  shardingKey?: string;
}

/** Body of POST /v1/transactions and PUT /v1/transactions/{id}. */
export class BeginRequest {
  /** producer group: who can be asked */
  @Matches(/^[%|a-zA-Z0-9_-]{1,255}$/, { message: 'group has letters, digits and % | _ -, at most 255' })
  group = '';

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_MESSAGES)
  @ValidateNested({ each: true })
  @Type(() => TransactionMessage)
  messages: TransactionMessage[] = [];

  /** where the broker asks how it has ended; without it a producer of the group is asked */
  @IsOptional()
  @IsString()
  @MaxLength(LONGEST_URL)
  checkUrl?: string;

  /** until it asks for the first time; whole seconds, rounded up */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MOST_MS)
  checkAfterMs?: number;
}

/** Body of …/commit, /rollback, /check and /recover. */
export class ReasonRequest {
  @IsOptional()
  @IsString()
  @MaxLength(LONGEST_REASON)
  reason?: string;
}

/** Query of whatever names one transaction. */
export class OneRequest {
  /** its producer group, where two groups have the same id */
  @IsOptional()
  @IsString()
  @MinLength(1)
  group?: string;
}

/** Query of GET /v1/transactions. */
export class ListRequest {
  /** none: pending and parked */
  @IsOptional()
  @IsIn(STATES)
  state?: (typeof STATES)[number];

  @IsOptional()
  @IsString()
  @MinLength(1)
  topic?: string;

  @IsOptional()
  @IsString()
  @MinLength(1)
  group?: string;

  /** a key of one of its messages */
  @IsOptional()
  @IsString()
  @MinLength(1)
  key?: string;

  /** begun so long ago */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  olderThanMs?: number;

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit = 50;

  /** what the last answer called `next` */
  @IsOptional()
  @Matches(/^\d{1,16}$/, { message: 'cursor is not what an answer gave' })
  cursor?: string;
}
