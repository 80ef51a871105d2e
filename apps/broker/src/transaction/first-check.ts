import { propertyOf, PropertyName } from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';

/**
 * How long a half message is left alone, ms from its store time, so by this broker's clock alone: its
 * CHECK_IMMUNITY_TIME_IN_SECONDS, or transactionTimeOut where it has none, a negative one or no number.
 */
export function firstCheckAfter(
  config: Pick<BrokerConfig, 'transactionTimeOut'>,
): (properties: string) => number {
  return (properties) => {
    const seconds = propertyOf(properties, PropertyName.CHECK_IMMUNITY_TIME_IN_SECONDS);
    const asked = seconds !== undefined && /^\d{1,12}$/.test(seconds);
    return asked ? Number(seconds) * 1000 : config.transactionTimeOut;
  };
}
