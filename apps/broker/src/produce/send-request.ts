import { IsOptional, IsString, Matches } from 'class-validator';
import { GivenMessage } from './given-message.js';

/** Body of POST /v1/topics/{topic}/messages. */
export class SendRequest extends GivenMessage {
  /** messages of one key go to one queue, in their order */
  @IsOptional()
  @IsString()
  @Matches(/^[^\u0001\u0002]*$/, { message: 'orderingKey holds a control character' })
  orderingKey?: string;
}
