import type { WritePacket } from '@nestjs/microservices';
import type { Answer } from '../producer/replies.js';

/** Of a reply whose body is what the handler threw, instead of what it returned. */
const FAILED = 'HALFMQ_FAILED';

/** What a reply is made of. */
export interface Reply {
  readonly body: string;
  readonly properties?: Readonly<Record<string, string>>;
}

/** @throws Error the handler's result is no JSON */
export function replyOf(result: unknown): Reply {
  return { body: asJson(result) };
}

export function replyOfError(error: unknown): Reply {
  const properties = { [FAILED]: 'true' };
  if (error instanceof Error)
    return { body: asJson({ status: 'error', message: error.message }), properties };
  try {
    return { body: asJson(error), properties };
  } catch (unwritable) {
    // what an exception filter made of it is no JSON: who asks hears that much
    return replyOfError(unwritable);
  }
}

/** The same to who waits for it. */
export function packetOf({ body, properties }: Answer): WritePacket {
  const value = dataOf(body);
  return properties.has(FAILED) ? { err: value } : { response: value, isDisposed: true };
}

/** What has sent it may be no Nest application: text that is no JSON is data, too. */
export function dataOf(body: Buffer): unknown {
  const text = body.toString();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function asJson(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  return text ?? 'null';
}
