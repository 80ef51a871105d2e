import { PayloadTooLargeException } from '@nestjs/common';
import { formatProperties, PropertyName, StatusError } from '@halfmq/remoting';
import {
  Allow,
  IsArray,
  IsBase64,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { LONGEST_URL } from '../outbound/http-url.js';
import { RESERVED } from './reserved-names.js';

/** A message as REST is given it. Either `body` or `bodyBase64`. */
export class GivenMessage {
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
}

const MOST_MS = 1e12;
const MOMENT = /^\d{4}-\d{2}-\d{2}T[0-9:.]+(Z|[+-]\d{2}:\d{2})$/;

/** One that may wait for its time; a transaction's waits from its commit on. */
export class DelayedMessage extends GivenMessage {
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MOST_MS)
  delayMs?: number;

  /** at once when that is past */
  @IsOptional()
  @Matches(MOMENT, { message: 'deliverAt is no moment in ISO 8601, such as 2026-01-31T12:00:00Z' })
  deliverAt?: string;
}

/** One that is also POSTed somewhere once it is visible, whoever else receives it. */
export class PostedMessage extends DelayedMessage {
  /** http or https */
  @IsOptional()
  @IsString()
  @MaxLength(LONGEST_URL)
  backurl?: string;

  /** whsec_ and 24 to 64 bytes in base64: the request is signed with it, as Standard Webhooks says */
  @IsOptional()
  @IsString()
  secret?: string;
}

/** @throws StatusError INVALID_PARAMETER, PayloadTooLargeException */
export function bodyOf({ body, bodyBase64 }: GivenMessage, limit: number): Buffer {
  if ((body === undefined) === (bodyBase64 === undefined)) {
    throw new StatusError('INVALID_PARAMETER', 'exactly one of body and bodyBase64 is expected');
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const bytes = bodyBase64 === undefined ? Buffer.from(text) : Buffer.from(bodyBase64, 'base64');
  if (bytes.length > limit) {
    throw new PayloadTooLargeException(
      `the message body has ${bytes.length} bytes, the limit is maxMessageSize ${limit}`,
    );
  }
  return bytes;
}

/**
 * Properties as the wire has them.
 * @param shardingKey messages of one go to one queue
 * @throws StatusError INVALID_PARAMETER
 */
export function propertiesOf(
  { properties = {}, tag, keys, delayMs, deliverAt }: DelayedMessage,
  shardingKey: string | undefined,
): string {
  if (delayMs !== undefined && deliverAt !== undefined)
    throw new StatusError('INVALID_PARAMETER', 'at most one of delayMs and deliverAt is expected');
  const own: [string, string][] = Object.entries(properties).map(([name, value]) => {
    if (RESERVED.has(name)) throw refused(name, 'is reserved');
    if (typeof value !== 'string') throw refused(name, 'is no text');
    if (/[\u0001\u0002]/.test(name + value)) throw refused(name, 'holds a control character');
    return [name, value];
  });
  if (tag) own.push([PropertyName.TAGS, tag]);
  if (keys && keys.length > 0) own.push([PropertyName.KEYS, keys.join(' ')]);
  if (shardingKey) own.push([PropertyName.SHARDING_KEY, shardingKey]);
  if (delayMs !== undefined) own.push([PropertyName.TIMER_DELAY_MS, String(delayMs)]);
  if (deliverAt !== undefined) own.push([PropertyName.TIMER_DELIVER_MS, String(Date.parse(deliverAt))]);
  return formatProperties(own);
}

const refused = (name: string, why: string): StatusError =>
  new StatusError('INVALID_PARAMETER', `property ${name} ${why}`);
