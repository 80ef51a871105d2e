import { IsOptional, IsString, Matches } from 'class-validator';
import { DelayedMessage } from './given-message.js';

/** Body of POST /v1/topics/{topic}/messages. */
export class SendRequest extends DelayedMessage {
  /** messages of one key go to one queue, in their order */
  @IsOptional()
  @IsString()
  @Matches(/^[^\u0001\u0002]*$/, { message: 'orderingKey holds a control character' })
  orderingKey?: string;
}

/** Body of POST /v1/topics/{topic}/messages/recall. */
export class RecallRequest {
  /** of the answer to the send */
  @IsString()
  recallHandle = '';
}
