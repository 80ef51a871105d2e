import { channel } from 'node:diagnostics_channel';

/**
 * What the broker tells whoever subscribes in its process (node:diagnostics_channel); free without a subscriber.
 *
 * - `halfmq:broker:asked`     `{ store, half }`: a check was written to a producer's connection, or answered at its URL
 * - `halfmq:broker:outbound`  `{ work }`: an HTTP request leaves the broker; the promise settles when it is answered, or not
 */
export const channels = {
  asked: channel('halfmq:broker:asked'),
  outbound: channel('halfmq:broker:outbound'),
};
