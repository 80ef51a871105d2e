import {
  encodeHeartbeatData,
  every,
  heartBeat,
  type Cancel,
  type Clock,
  type HeartbeatData,
  type Log,
} from '@halfmq/remoting';
import type { Wire } from './wire.js';

/** RocketMQ's proxy says it as often. */
const EVERY_MS = 20_000;
/** a client whose producer is heard of no more has been forgotten by its own door then */
const FORGOTTEN_AFTER_MS = 120_000;

/**
 * Says to brokers elsewhere what producers are at this door, so that they can be asked about their half messages. To those
 * brokers the door is one client, whose producer groups are the topics.
 */
export class Announcements {
  /** topic → when a producer of it was heard of */
  private readonly topics = new Map<string, number>();
  /** address → topics that its broker knows of */
  private readonly told = new Map<string, Set<string>>();
  private cancel: Cancel | undefined;

  constructor(
    private readonly clientID: string,
    private readonly wire: Wire,
    /** of the brokers elsewhere that have the topic */
    private readonly addressesOf: (topic: string) => Promise<readonly string[]>,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  heartbeat({ producerDataSet }: Pick<HeartbeatData, 'producerDataSet'>): void {
    const now = this.clock.monotonic();
    for (const { groupName: topic } of producerDataSet) {
      const isNew = !this.topics.has(topic);
      this.topics.set(topic, now);
      if (isNew) void this.announce([topic]);
    }
    if (this.topics.size > 0) this.cancel ??= every(this.clock, EVERY_MS, () => void this.again());
  }

  /** Resolves when the broker knows of it. @throws StatusError, RemotingError */
  async heard(topic: string, address: string): Promise<void> {
    if (this.told.get(address)?.has(topic)) return;
    await this.tell(address, [topic]);
  }

  /** The connection there has ended, and with it the producers. */
  forgotten(address: string): void {
    this.told.delete(address);
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
  }

  private again(): Promise<void> {
    const before = this.clock.monotonic() - FORGOTTEN_AFTER_MS;
    for (const [topic, heard] of this.topics) if (heard < before) this.topics.delete(topic);
    return this.announce([...this.topics.keys()]);
  }

  private async announce(topics: readonly string[]): Promise<void> {
    const at = new Map<string, string[]>();
    for (const topic of topics) {
      for (const address of await this.addressesOf(topic))
        at.set(address, [...(at.get(address) ?? []), topic]);
    }
    for (const [address, all] of at) {
      // who cannot be told now is told in a while, and before the next half message
      await this.tell(address, all).catch((error: unknown) =>
        this.log.debug('a broker was not told of producers', { broker: address, error }),
      );
    }
  }

  private async tell(address: string, topics: readonly string[]): Promise<void> {
    const producerDataSet = topics.map((topic) => ({ groupName: topic, transactionalTopics: [topic] }));
    const body = encodeHeartbeatData({ clientID: this.clientID, producerDataSet, consumerDataSet: [] });
    await this.wire.call(address, { spec: heartBeat, header: {}, body });
    const told = this.told.get(address) ?? new Set();
    for (const topic of topics) told.add(topic);
    this.told.set(address, told);
  }
}
