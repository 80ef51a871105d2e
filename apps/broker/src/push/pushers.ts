import type { Clock, Log } from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Acknowledge } from '../consume/pop/acknowledge.js';
import type { Receive } from '../consume/pop/receive.js';
import type { Groups } from '../directory/groups.js';
import type { Outbound } from '../outbound/outbound.js';
import { Pusher, type PushParts, type PushTask } from './pusher.js';

/** Starts pushers. */
export class Pushers {
  private readonly parts: PushParts;

  constructor(
    { messageDelayLevel: levels }: Pick<BrokerConfig, 'messageDelayLevel'>,
    clock: Clock,
    log: Log,
    receives: Receive,
    acknowledge: Acknowledge,
    groups: Groups,
    outbound: Outbound,
  ) {
    this.parts = { clock, log, receives, acknowledge, groups, outbound, levels };
  }

  start(task: PushTask, paused = false): Pusher {
    const pusher = new Pusher(this.parts, task, paused);
    pusher.start();
    return pusher;
  }
}
