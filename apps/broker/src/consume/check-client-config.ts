import { BodyReader, DONE, EXPRESSION_TAG, StatusError, type Outcome } from '@halfmq/remoting';

/**
 * CHECK_CLIENT_CONFIG, which consumers send at their start with each expression that is not one of tags. Filters on
 * properties are switched off (RocketMQ's enablePropertyFilter=false), so that such a consumer does not start.
 * @throws StatusError SYSTEM_ERROR in RocketMQ's words, INVALID_PARAMETER when the body cannot be read
 */
export function checkClientConfig(body: Buffer): Outcome {
  if (body.length === 0) return DONE;
  const subscription = BodyReader.of('CheckClientRequestBody', body).object('subscriptionData');
  const type = subscription.text('expressionType', EXPRESSION_TAG);
  if (type === '' || type === EXPRESSION_TAG) return DONE;
  throw new StatusError('SYSTEM_ERROR', `The broker does not support consumer to filter message by ${type}`);
}
