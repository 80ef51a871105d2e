import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsOptional,
  IsString,
  Max,
  Min,
  MinLength,
} from 'class-validator';
import { Selection } from '../selection.js';
import { MOST_MESSAGES } from './pop-checks.js';

const LONGEST_INVISIBLE_MS = 12 * 3_600_000;
const LONGEST_WAIT_MS = 30_000;
const MOST_RECEIPTS = 1_000;

/** Body of POST /v1/groups/{group}/receive. */
export class ReceiveBody extends Selection {
  @IsString()
  @MinLength(1)
  topic = '';

  /** messages, at most */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MOST_MESSAGES)
  max = 16;

  /** how long nobody else gets them; they come again when they are not acknowledged by then */
  @IsOptional()
  @IsInt()
  @Min(1_000)
  @Max(LONGEST_INVISIBLE_MS)
  invisibleMs = 30_000;

  /** how long to wait for a message when there is none */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(LONGEST_WAIT_MS)
  waitMs = 0;

  /** true: of a queue nothing more while one message is out */
  @IsOptional()
  @IsBoolean()
  ordered = false;
}

/** Body of POST /v1/groups/{group}/ack. */
export class AckBody {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_RECEIPTS)
  @IsString({ each: true })
  receipts: string[] = [];
}

/** Body of POST /v1/groups/{group}/nack. */
export class NackBody extends AckBody {
  /** comes again after so long; by the group's delay levels unless told */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(LONGEST_INVISIBLE_MS)
  retryInMs?: number;
}

/** Body of POST /v1/groups/{group}/extend. */
export class ExtendBody {
  @IsString()
  receipt = '';

  @IsInt()
  @Min(0)
  @Max(LONGEST_INVISIBLE_MS)
  invisibleMs = 0;
}
