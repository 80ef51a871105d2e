import { describe, expect, it } from '@jest/globals';
import { ManualClock, silentLog } from '@halfmq/remoting';
import { Liveness } from './liveness.js';
import type { BrokerAddress } from './route-table.js';

/** The end of a connection as the name server sees it. */
class Channel {
  readonly remoteAddress = '127.0.0.1:1';
  private readonly listeners: ((reason: string) => void)[] = [];
  closed: string | undefined;

  onClose(listener: (reason: string) => void): void {
    this.listeners.push(listener);
  }

  close(reason: string): void {
    this.closed = reason;
    for (const listener of this.listeners) listener(reason);
  }
}

const broker = (brokerName: string): BrokerAddress => ({
  clusterName: 'c',
  brokerName,
  brokerAddr: `${brokerName}:10911`,
});

function setUp(): { clock: ManualClock; liveness: Liveness; gone: string[] } {
  const clock = new ManualClock();
  const gone: string[] = [];
  const liveness = new Liveness(clock, silentLog, 5_000, ({ brokerName }) => gone.push(brokerName));
  return { clock, liveness, gone };
}

describe('who is alive', () => {
  it('is gone after 120 s of silence, and its connection is closed', async () => {
    const { clock, liveness, gone } = setUp();
    const channel = new Channel();
    liveness.registered(broker('a'), channel);
    await clock.advance(120_000);
    expect(gone).toEqual([]);
    await clock.advance(5_000);
    expect(gone).toEqual(['a']);
    expect(channel.closed).toBe('broker expired');
    liveness.stop();
  });

  it('lives on with each registration and each sign of life', async () => {
    const { clock, liveness, gone } = setUp();
    const channel = new Channel();
    liveness.registered(broker('a'), channel);
    await clock.advance(100_000);
    liveness.heard(broker('a'));
    await clock.advance(100_000);
    liveness.registered(broker('a'), channel);
    await clock.advance(100_000);
    expect(gone).toEqual([]);
    liveness.stop();
  });

  it('keeps the time a broker asked for', async () => {
    const { clock, liveness, gone } = setUp();
    liveness.registered(broker('a'), new Channel(), 10_000);
    await clock.advance(15_000);
    expect(gone).toEqual(['a']);
    liveness.stop();
  });

  it('is gone at once when its connection closes, with every broker that registered over it', () => {
    const { liveness, gone } = setUp();
    const channel = new Channel();
    liveness.registered(broker('a'), channel);
    liveness.registered(broker('b'), channel);
    liveness.registered(broker('c'), new Channel());
    channel.close('by peer');
    expect(gone).toEqual(['a', 'b']);
    liveness.stop();
  });

  it('belongs to the newest connection: the old one may close', () => {
    const { liveness, gone } = setUp();
    const [old, young] = [new Channel(), new Channel()];
    liveness.registered(broker('a'), old);
    liveness.registered(broker('a'), young);
    old.close('replaced');
    expect(gone).toEqual([]);
    young.close('by peer');
    expect(gone).toEqual(['a']);
    liveness.stop();
  });

  it('says nothing of one that left by itself, nor after the end', async () => {
    const { clock, liveness, gone } = setUp();
    const channel = new Channel();
    liveness.registered(broker('a'), channel);
    liveness.forget(broker('a'));
    liveness.registered(broker('b'), channel);
    liveness.stop();
    channel.close('by peer');
    await clock.advance(200_000);
    expect(gone).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
