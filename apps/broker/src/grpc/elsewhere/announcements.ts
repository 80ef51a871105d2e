import {
  encodeHeartbeatData,
  every,
  heartBeat,
  unregisterClient,
  type Cancel,
  type Clock,
  type Connection,
  type Log,
} from '@halfmq/remoting';
import type { Wire } from './wire.js';

/** RocketMQ's proxy says it as often. */
const EVERY_MS = 20_000;

/**
 * Says to brokers elsewhere what producers are at this door, so that they can be asked about their half messages. To those
 * brokers the door is one client, whose producer groups are the topics.
 */
export class Announcements {
  /** topic → its producers at this door */
  private readonly producers = new Map<string, Set<Connection>>();
  private readonly topicsOf = new Map<Connection, Set<string>>();
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

  /** A client says what it produces; it counts until its connection closes. */
  heartbeat(topics: Iterable<string>, peer: Connection): void {
    for (const topic of topics) {
      const known = this.producers.get(topic);
      if (known?.has(peer)) continue;
      this.producers.set(topic, (known ?? new Set()).add(peer));
      (this.topicsOf.get(peer) ?? this.watched(peer)).add(topic);
      if (!known) void this.announce([topic]);
    }
    if (this.producers.size > 0) this.cancel ??= every(this.clock, EVERY_MS, () => void this.again());
  }

  /** Who can be asked about half messages of the topic now. */
  producersOf(topic: string): Connection[] {
    return [...(this.producers.get(topic) ?? [])].filter(({ open, writable }) => open && writable);
  }

  /** Resolves when the broker knows of it. @throws StatusError, RemotingError */
  async heard(topic: string, address: string): Promise<void> {
    if (this.told.get(address)?.has(topic)) return;
    await this.tell(address, [topic]);
  }

  /** Who sent half messages of this group is not to be asked about them: nobody at this door can answer. */
  async notAsked(group: string, address: string): Promise<void> {
    if (!this.producers.has(group)) await this.takeBack(group, address);
  }

  /** The connection there has ended, and with it the producers. */
  forgotten(address: string): void {
    this.told.delete(address);
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
  }

  private watched(peer: Connection): Set<string> {
    const topics = new Set<string>();
    this.topicsOf.set(peer, topics);
    peer.onClose(() => {
      this.topicsOf.delete(peer);
      for (const topic of topics) this.left(topic, peer);
    });
    return topics;
  }

  private left(topic: string, peer: Connection): void {
    const others = this.producers.get(topic);
    others?.delete(peer);
    if (others?.size !== 0) return;
    this.producers.delete(topic);
    for (const [address, topics] of this.told) if (topics.delete(topic)) void this.takeBack(topic, address);
  }

  private async takeBack(producerGroup: string, address: string): Promise<void> {
    try {
      const header = { clientID: this.clientID, producerGroup };
      await this.wire.ask(address, { spec: unregisterClient, header });
    } catch (error) {
      // it forgets by itself who says nothing more
      this.log.debug('a broker was not told that producers have left', { broker: address, error });
    }
  }

  private again(): Promise<void> {
    return this.announce([...this.producers.keys()]);
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
