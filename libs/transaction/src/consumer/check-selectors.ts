import { checkClientConfig, EXPRESSION_TAG, jsonBody, type SubscriptionData } from '@halfmq/remoting';
import type { ClientParts } from '../client-parts.js';
import { BrokerRefused } from '../errors.js';

/**
 * Asks a broker of each topic whether it takes the expressions that are not of tags. One that cannot be asked now is no
 * failure: its answer to a pull will say so.
 * @throws BrokerRefused when filters by properties are off there, or with what is wrong in the expression
 */
export async function checkSelectors(
  { routes, brokers, clientId, log }: ClientParts,
  group: string,
  subscriptions: readonly SubscriptionData[],
): Promise<void> {
  for (const subscriptionData of subscriptions) {
    const [broker] = routes.answering(subscriptionData.topic);
    if (subscriptionData.expressionType === EXPRESSION_TAG || !broker) continue;
    const body = jsonBody({ clientId, group, subscriptionData });
    try {
      await brokers.call(broker, { spec: checkClientConfig, header: {}, body });
    } catch (error) {
      if (error instanceof BrokerRefused) throw error;
      log.warn(`broker ${broker.brokerName} could not be asked about a selector`, { group, error });
    }
  }
}
