import { every, type Cancel, type Clock, type Connection, type Log } from '@halfmq/remoting';
import type { BrokerAddress } from './route-table.js';

/** without registration or heartbeat for this long a broker is gone, unless it named its own time */
const DEFAULT_TIMEOUT_MS = 120_000;

type Channel = Pick<Connection, 'onClose' | 'close' | 'remoteAddress'>;

interface Life {
  readonly broker: BrokerAddress;
  readonly channel: Channel;
  readonly timeoutMs: number;
  /** monotonic milliseconds */
  lastSeen: number;
}

/**
 * Who is alive: RocketMQ's brokerLiveTable. A broker lives from its registration on, until its connection closes,
 * or nothing was heard of it for its time-out (looked at every `scanMs`; its connection is then closed too), or it
 * leaves by itself. `onGone` is called once for each of the first two. A broker that registers over a new connection
 * belongs to that one: the old connection may close.
 */
export class Liveness {
  private readonly lives = new Map<string, Life>();
  /** connections whose closing is watched, with the brokers that registered over them */
  private readonly watched = new WeakSet<Channel>();
  private readonly cancelScan: Cancel;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    scanMs: number,
    private readonly onGone: (broker: BrokerAddress) => void,
  ) {
    this.cancelScan = every(clock, scanMs, () => this.scan(), undefined, 'last');
  }

  registered(broker: BrokerAddress, channel: Channel, timeoutMs = DEFAULT_TIMEOUT_MS): void {
    this.lives.set(keyOf(broker), { broker, channel, timeoutMs, lastSeen: this.clock.monotonic() });
    if (this.watched.has(channel)) return;
    this.watched.add(channel);
    channel.onClose((reason) => this.channelClosed(channel, reason));
  }

  /** A sign of life other than a registration. */
  heard(broker: Pick<BrokerAddress, 'clusterName' | 'brokerAddr'>): void {
    const life = this.lives.get(keyOf(broker));
    if (life) life.lastSeen = this.clock.monotonic();
  }

  /** The broker left, or its registration was refused: it is no longer watched. */
  forget(broker: Pick<BrokerAddress, 'clusterName' | 'brokerAddr'>): void {
    this.lives.delete(keyOf(broker));
  }

  stop(): void {
    this.cancelScan();
    this.lives.clear();
  }

  private scan(): void {
    const now = this.clock.monotonic();
    for (const [key, life] of this.lives) {
      const silentMs = now - life.lastSeen;
      if (silentMs <= life.timeoutMs) continue;
      this.lives.delete(key);
      this.log.warn(
        `broker ${life.broker.brokerName} at ${life.broker.brokerAddr} is gone: silent for ${Math.round(silentMs)} ms`,
      );
      this.onGone(life.broker);
      life.channel.close('broker expired');
    }
  }

  private channelClosed(channel: Channel, reason: string): void {
    for (const [key, life] of this.lives) {
      if (life.channel !== channel) continue;
      this.lives.delete(key);
      this.log.warn(
        `broker ${life.broker.brokerName} at ${life.broker.brokerAddr} is gone: connection closed, ${reason}`,
      );
      this.onGone(life.broker);
    }
  }
}

function keyOf({ clusterName, brokerAddr }: Pick<BrokerAddress, 'clusterName' | 'brokerAddr'>): string {
  return `${clusterName}\u0001${brokerAddr}`;
}
