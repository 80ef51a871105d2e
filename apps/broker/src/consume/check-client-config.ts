import { BodyReader, DONE, EXPRESSION_TAG, StatusError, type Outcome } from '@halfmq/remoting';
import type { Filters } from './filters.js';

/**
 * CHECK_CLIENT_CONFIG, which consumers send at their start with each expression that is not one of tags, so that one
 * with an expression that cannot work does not start.
 * @throws StatusError SYSTEM_ERROR when filters by properties are off, SUBSCRIPTION_PARSE_FAILED with what is wrong and
 * where, INVALID_PARAMETER when the body cannot be read
 */
export function checkClientConfig(body: Buffer, filters: Filters): Outcome {
  if (body.length === 0) return DONE;
  const subscription = BodyReader.of('CheckClientRequestBody', body).object('subscriptionData');
  const type = subscription.text('expressionType', EXPRESSION_TAG);
  // of tags RocketMQ asks nothing
  if (type === '' || type === EXPRESSION_TAG) return DONE;
  const filter = filters.of(subscription.text('subString', ''), type);
  if (!('status' in filter)) return DONE;
  const { status, why } = filter;
  throw new StatusError(status, status === 'SYSTEM_ERROR' ? why : `Invalid MessageSelector. ${why}`);
}
