import { channel, type Channel } from 'node:diagnostics_channel';

/**
 * What the store tells whoever subscribes in its process (node:diagnostics_channel); free without a subscriber. Published
 * synchronously: a test can take the folder as it is at that moment.
 *
 * - `halfmq:store:before-commit`  `{ path }`: a group is complete and not in the log yet: a kill takes all of it
 * - `halfmq:store:after-commit`   `{ path }`: it is in the log, and nobody was answered yet
 */
export const channels = {
  beforeCommit: channel('halfmq:store:before-commit'),
  afterCommit: channel('halfmq:store:after-commit'),
};

/** @param place the folder the log lies in */
export function pass(point: Channel, { path }: { readonly path: string }): void {
  if (point.hasSubscribers) point.publish({ path });
}
