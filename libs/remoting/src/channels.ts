import { channel } from 'node:diagnostics_channel';

/**
 * What this package tells whoever subscribes in its process (node:diagnostics_channel); free without a subscriber.
 *
 * - `halfmq:remoting:accepted`  `{ socket }`: a server has taken a connection, and reads and writes this socket
 */
export const channels = {
  accepted: channel('halfmq:remoting:accepted'),
};
