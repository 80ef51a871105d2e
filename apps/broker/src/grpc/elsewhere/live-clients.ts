import {
  every,
  type Clock,
  type Connection,
  type HeartbeatData,
  type RequestContext,
} from '@halfmq/remoting';
import type { Members } from '../sessions.js';

const SCAN_MS = 10_000;
/** RocketMQ's channelExpiredTimeout */
const SILENT_MS = 120_000;

/** The clients of a door that has no broker behind it: one of which nothing is heard for too long is gone. */
export class LiveClients implements Members {
  private readonly heard = new Map<Connection, number>();
  private readonly cancel = every(this.clock, SCAN_MS, () => this.expire());

  constructor(private readonly clock: Clock) {}

  heartbeat(_: HeartbeatData, { peer }: Pick<RequestContext, 'peer'>): void {
    if (!this.heard.has(peer)) peer.onClose(() => this.heard.delete(peer));
    this.heard.set(peer, this.clock.monotonic());
  }

  stop(): void {
    this.cancel();
  }

  private expire(): void {
    const before = this.clock.monotonic() - SILENT_MS;
    for (const [peer, at] of this.heard) if (at < before) peer.close(`no heartbeat for ${SILENT_MS} ms`);
  }
}
