import { RemotingError, STATUS, StatusError } from '@halfmq/remoting';
import type { Status } from './contract.js';

/** The numbers of apache.rocketmq.v2.Code this door says by itself; all others come from the table of outcomes. */
export const Code = {
  OK: 20000,
  MULTIPLE_RESULTS: 30000,
  BAD_REQUEST: 40000,
  ILLEGAL_TOPIC: 40002,
  ILLEGAL_CONSUMER_GROUP: 40003,
  ILLEGAL_MESSAGE_TAG: 40004,
  ILLEGAL_MESSAGE_KEY: 40005,
  ILLEGAL_MESSAGE_GROUP: 40006,
  ILLEGAL_MESSAGE_PROPERTY_KEY: 40007,
  INVALID_TRANSACTION_ID: 40008,
  ILLEGAL_MESSAGE_ID: 40009,
  ILLEGAL_FILTER_EXPRESSION: 40010,
  ILLEGAL_INVISIBLE_TIME: 40011,
  ILLEGAL_DELIVERY_TIME: 40012,
  INVALID_RECEIPT_HANDLE: 40013,
  MESSAGE_PROPERTY_CONFLICT_WITH_TYPE: 40014,
  UNRECOGNIZED_CLIENT_TYPE: 40015,
  MESSAGE_CORRUPTED: 40016,
  CLIENT_ID_REQUIRED: 40017,
  ILLEGAL_POLLING_TIME: 40018,
  ILLEGAL_OFFSET: 40019,
  ILLEGAL_LITE_TOPIC: 40020,
  FORBIDDEN: 40300,
  MESSAGE_NOT_FOUND: 40401,
  TOPIC_NOT_FOUND: 40402,
  OFFSET_NOT_FOUND: 40404,
  MESSAGE_BODY_TOO_LARGE: 41301,
  MESSAGE_BODY_EMPTY: 41302,
  TOO_MANY_REQUESTS: 42900,
  MESSAGE_PROPERTIES_TOO_LARGE: 43101,
  INTERNAL_SERVER_ERROR: 50001,
  NOT_IMPLEMENTED: 50100,
  PROXY_TIMEOUT: 50400,
  FAILED_TO_CONSUME_MESSAGE: 60000,
} as const;
export type CodeName = keyof typeof Code;

/** What the contract has a code of its own for, where the other doors say INVALID_PARAMETER or MESSAGE_ILLEGAL. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly code: CodeName,
    detail: string,
  ) {
    super(detail);
  }
}

export const OK: Status = Object.freeze({ code: Code.OK, message: 'OK' });

/** The status of what a room has thrown; undefined for what nobody expected. */
export function statusOf(error: unknown): Status | undefined {
  if (error instanceof Refusal) return { code: Code[error.code], message: error.message };
  if (error instanceof StatusError) return { code: STATUS[error.status].grpc, message: error.message };
  if (error instanceof RemotingError)
    return {
      code: Code[error.kind === 'timeout' ? 'PROXY_TIMEOUT' : 'INTERNAL_SERVER_ERROR'],
      message: error.message,
    };
  return undefined;
}

/** Of several results: theirs where they agree. */
export function common(all: readonly Status[]): Status {
  const [first] = all;
  if (!first) return { code: Code.INTERNAL_SERVER_ERROR, message: 'nothing was asked for' };
  return all.every(({ code }) => code === first.code)
    ? first
    : { code: Code.MULTIPLE_RESULTS, message: 'results differ, see the entries' };
}
