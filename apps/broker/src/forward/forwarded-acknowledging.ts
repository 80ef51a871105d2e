import type { Clock, Receipt } from '@halfmq/remoting';
import type { HandedOut } from '../consume/pop/acknowledge.js';
import type { Acknowledging, GroupSettings } from '../consume/pop/groups.http.js';
import { isOver } from '../consume/pop/receipts.js';
import type { GroupConfig } from '../directory/group-config.js';
import type { OtherBroker } from '../grpc/elsewhere/other-broker.js';
import type { OtherBrokers } from '../grpc/elsewhere/other-brokers.js';

/** What became of messages is told to the broker that handed them out: their receipts name it. */
export class ForwardedAcknowledging implements Acknowledging, GroupSettings {
  constructor(
    private readonly clock: Clock,
    private readonly others: OtherBrokers,
  ) {}

  /** @returns false: its time was over. That it was done before is not known: over the wire that is no error */
  async done(message: HandedOut): Promise<boolean> {
    if (isOver(message.receipt, this.clock.now())) return false;
    await (await this.holder(message)).done(message);
    return true;
  }

  async change(message: HandedOut, invisibleMs: number): Promise<Receipt | undefined> {
    if (isOver(message.receipt, this.clock.now())) return undefined;
    return (await this.holder(message)).change(message, invisibleMs);
  }

  async find(group: string, received: HandedOut): Promise<GroupConfig | undefined> {
    return (await this.holder(received)).group(group);
  }

  private holder({ topic, receipt }: HandedOut): Promise<OtherBroker> {
    return this.others.named(receipt.brokerName, topic);
  }
}
