import { channel } from 'node:diagnostics_channel';

/**
 * What the broker tells whoever subscribes in its process (node:diagnostics_channel); free without a subscriber.
 *
 * - `halfmq:broker:asked`  `{ store, half }`: a check was written to a producer's connection
 */
export const channels = {
  asked: channel('halfmq:broker:asked'),
};
