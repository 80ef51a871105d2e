import { EXPRESSION_SQL92, sqlSubscription, tagSubscription, type SubscriptionData } from '@halfmq/remoting';

/** Which messages of a topic are wanted, by their properties: made by `sql`. */
export interface Selector {
  readonly type: typeof EXPRESSION_SQL92;
  readonly expression: string;
}

/**
 * Messages whose properties fulfil an SQL92 condition, `sql("amount > 100 AND region IN ('cn', 'us')")`. The broker
 * evaluates it, and needs enablePropertyFilter=true.
 */
export function sql(expression: string): Selector {
  return { type: EXPRESSION_SQL92, expression };
}

/** What brokers are told of a subscription. */
export function subscriptionTo(
  topic: string,
  wanted: string | Selector,
  subVersion: number,
): SubscriptionData {
  return typeof wanted === 'string'
    ? tagSubscription(topic, wanted, subVersion)
    : sqlSubscription(topic, wanted.expression, subVersion);
}
