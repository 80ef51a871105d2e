import {
  Allow,
  IsArray,
  IsBase64,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
} from 'class-validator';

/** Neither of the two characters that end keys and values of properties. */
const PLAIN = /^[^\u0001\u0002]*$/;
const plain = (field: string): { message: string } => ({ message: `${field} holds a control character` });

/** Body of POST /v1/topics/{topic}/messages. Either `body` or `bodyBase64`. */
export class SendRequest {
  /** a text is sent as it is, anything else as JSON */
  @Allow()
  body?: unknown;

  @IsOptional()
  @IsBase64()
  bodyBase64?: string;

  @IsOptional()
  @IsString()
  @MaxLength(255)
  @Matches(/^[^\u0001\u0002|]*$/, { message: 'tag holds a | or a control character' })
  tag?: string;

  /** business keys, to be found by */
  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  @Matches(/^[^\u0001\u0002\s]+$/, { each: true, message: 'keys hold a blank or a control character' })
  keys?: string[];

  /** text by name */
  @IsOptional()
  @IsObject()
  properties?: Record<string, unknown>;

  /** messages of one key go to one queue, in their order */
  @IsOptional()
  @IsString()
  @Matches(PLAIN, plain('orderingKey'))
  orderingKey?: string;
}
