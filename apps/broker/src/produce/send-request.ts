import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsOptional,
  IsString,
  Matches,
  ValidateNested,
} from 'class-validator';
import { GivenMessage, PostedMessage } from './given-message.js';

const NO_CONTROL = /^[^\u0001\u0002]*$/;
const MOST_MESSAGES = 1_000;

/** Body of POST /v1/topics/{topic}/messages; a raw message says the same in headers, see raw-message.ts. */
export class SendRequest extends PostedMessage {
  /** messages of one key go to one queue, in their order */
  @IsOptional()
  @IsString()
  @Matches(NO_CONTROL, { message: 'orderingKey holds a control character' })
  orderingKey?: string;
}

/** Body of POST /v1/topics/{topic}/messages/batch. */
export class BatchRequest {
  /** stored in this order in one queue, all or none */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_MESSAGES)
  @ValidateNested({ each: true })
  @Type(() => GivenMessage)
  messages: GivenMessage[] = [];

  /** messages of one key go to one queue, in their order */
  @IsOptional()
  @IsString()
  @Matches(NO_CONTROL, { message: 'orderingKey holds a control character' })
  orderingKey?: string;
}

/** Body of POST /v1/topics/{topic}/messages/recall. */
export class RecallRequest {
  /** of the answer to the send */
  @IsString()
  recallHandle = '';
}
