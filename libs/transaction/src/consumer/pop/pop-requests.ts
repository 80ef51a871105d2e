import {
  changedReceipt,
  changeMessageInvisibletime,
  formatReceipt,
  RetryFlag,
  type Receipt,
} from '@halfmq/remoting';
import type { BrokerAddress, BrokerRequests } from '../../broker-requests.js';
import { NoRoute } from '../../errors.js';
import type { Routes } from '../../routes/routes.js';
import { retryTopic } from '../send-back.js';
import { Acks } from './acks.js';

/** What names a popped message to its broker. */
export interface PoppedPlace {
  /** it was popped under */
  readonly topic: string;
  readonly receipt: Receipt;
}

/** Says to brokers what becomes of popped messages. */
export class PopRequests {
  private readonly acks: Acks;

  constructor(
    private readonly group: string,
    private readonly routes: Routes,
    private readonly brokers: BrokerRequests,
  ) {
    this.acks = new Acks(group, brokers);
  }

  /** @throws NoRoute, BrokerUnreachable, BrokerRefused, RemotingError */
  async acknowledge(place: PoppedPlace): Promise<void> {
    await this.acks.acknowledge({ ...place, broker: this.brokerOf(place), header: () => this.header(place) });
  }

  /**
   * It comes again after so long, counted from now.
   * @returns its new receipt; undefined: it was this member's no more
   * @throws as `acknowledge`
   */
  async change(place: PoppedPlace, invisibleTime: number): Promise<Receipt | undefined> {
    const header = { ...this.header(place), invisibleTime };
    const answer = await this.brokers.call(this.brokerOf(place), {
      spec: changeMessageInvisibletime,
      header,
    });
    return changedReceipt(place.receipt, answer.extFields);
  }

  private header({ topic, receipt }: PoppedPlace) {
    const { retryFlag, queueId, queueOffset, brokerName } = receipt;
    return {
      consumerGroup: this.group,
      topic: this.lies(topic, retryFlag),
      queueId,
      extraInfo: formatReceipt(receipt),
      offset: queueOffset,
      bname: brokerName,
    };
  }

  /** The topic a message lies in: of what comes again, a retry topic of its group and topic. */
  private lies(topic: string, retryFlag: number): string {
    if (retryFlag === RetryFlag.TOPIC) return topic;
    return `${retryTopic(this.group)}${retryFlag === RetryFlag.RETRY ? '_' : '+'}${topic}`;
  }

  private brokerOf({ topic, receipt: { brokerName } }: PoppedPlace): BrokerAddress {
    const address = this.routes.primaryOf(brokerName);
    if (address === undefined) throw new NoRoute(topic, `broker ${brokerName} has no primary now`);
    return { brokerName, address };
  }
}
