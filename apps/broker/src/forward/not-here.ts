import { StatusError } from '@halfmq/remoting';

const AT_A_BROKER = "ask a broker's own HTTP door (httpPort)";

/** Why what needs a store is not served, and what to do instead. */
export const REASONS = {
  push: `a push is kept in a broker's store, and the broker POSTs: ${AT_A_BROKER}, or receive here (POST /v1/groups/{group}/receive)`,
  backurl: `a message's own address is kept in a broker's store, and the broker POSTs: ${AT_A_BROKER}, or receive here (POST /v1/groups/{group}/receive)`,
  once: `what an Idempotency-Key has sent before is in a broker's store: ${AT_A_BROKER}, or make handling a message twice harmless`,
  log: `messages are looked up in a broker's log: ${AT_A_BROKER}, or RocketMQ's tools`,
  named: `what was begun under an id of yours is found in a broker's store: ${AT_A_BROKER}, or let the id be made here (POST /v1/transactions)`,
  checkUrl: `the broker keeps the address, and POSTs: ${AT_A_BROKER}, or connect a producer of the group by RocketMQ's protocol, which is asked`,
  inDoubt: `what is in doubt is in a broker's store: ${AT_A_BROKER}`,
} as const;

export function notHere(reason: keyof typeof REASONS): StatusError {
  return new StatusError('REQUEST_CODE_NOT_SUPPORTED', `a proxy has no store; ${REASONS[reason]}`);
}

/** The broker's routes that a proxy has not, as its OpenAPI document names them. */
export const ROUTES_NOT_HERE: ReadonlyMap<string, keyof typeof REASONS> = new Map([
  ['PUT /v1/groups/{group}/push', 'push'],
  ['GET /v1/groups/{group}/push', 'push'],
  ['DELETE /v1/groups/{group}/push', 'push'],
  ['POST /v1/groups/{group}/push/pause', 'push'],
  ['POST /v1/groups/{group}/push/resume', 'push'],
  ['GET /v1/pushes', 'push'],
  ['GET /v1/backurls', 'backurl'],
  ['GET /v1/messages', 'log'],
  ['GET /v1/messages/{messageId}', 'log'],
  ['GET /v1/topics/{topic}/messages', 'log'],
  ['GET /v1/topics/{topic}/tail', 'log'],
  ['PUT /v1/transactions/{id}', 'named'],
  ['GET /v1/transactions', 'inDoubt'],
  ['GET /v1/transactions/{id}', 'inDoubt'],
  ['GET /v1/transactions/{id}/preview', 'inDoubt'],
  ['POST /v1/transactions/{id}/check', 'inDoubt'],
  ['POST /v1/transactions/{id}/recover', 'inDoubt'],
]);
