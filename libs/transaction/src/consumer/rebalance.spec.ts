import { describe, expect, it } from '@jest/globals';
import { ManualClock, silentLog, type MessageQueue } from '@halfmq/remoting';
import { NO_TOPIC } from './assignment.js';
import { Rebalance } from './rebalance.js';

const queue = (queueId: number): MessageQueue => ({ topic: 't', brokerName: 'b', queueId });

/** A member that reads what it is told, without brokers. */
class Member {
  readonly clock = new ManualClock();
  own: readonly MessageQueue[] | typeof NO_TOPIC | undefined = [queue(0), queue(1)];
  reading: MessageQueue[] = [];
  rounds = 0;
  readonly lookedAt: string[] = [];
  mayTake = true;
  /** a release takes so long; 0: no time */
  releaseMs = 0;
  readonly rebalance = new Rebalance({
    clock: this.clock,
    log: silentLog,
    topics: ['t'],
    lookAgain: (topic) => this.lookedAt.push(topic),
    held: () => this.reading,
    before: async () => {
      this.rounds++;
      return true;
    },
    assigned: async () => this.own,
    take: async (_topic, queues) => {
      if (this.mayTake) this.reading.push(...queues);
      return this.mayTake;
    },
    release: async (one) => {
      if (this.releaseMs > 0) await new Promise<void>((resolve) => this.clock.after(this.releaseMs, resolve));
      this.reading = this.reading.filter((other) => other.queueId !== one.queueId);
      return true;
    },
  });
}

describe('rebalance', () => {
  it('takes what is its own and gives up what is not', async () => {
    const member = new Member();
    await member.rebalance.now();
    expect(member.reading).toEqual([queue(0), queue(1)]);
    member.own = [queue(1), queue(2)];
    await member.rebalance.now();
    expect(member.reading).toEqual([queue(1), queue(2)]);
    await member.rebalance.stop();
    expect(member.clock.pending).toBe(0);
  });

  it('looks at the topics again when a broker tells: it may be one that has come to have them', async () => {
    const member = new Member();
    await member.rebalance.now();
    expect(member.lookedAt).toEqual([]);
    member.rebalance.told();
    expect(member.lookedAt).toEqual(['t']);
    await member.rebalance.stop();
    expect(member.rounds).toBe(2);
    member.rebalance.told();
    expect(member.lookedAt).toEqual(['t']);
  });

  it('begins another round for whoever asks just when one ends', async () => {
    for (let steps = 0; steps < 40; steps++) {
      const member = new Member();
      const first = member.rebalance.now();
      for (let step = 0; step < steps; step++) await Promise.resolve();
      const begun = member.rounds;
      await member.rebalance.now();
      expect(member.rounds).toBeGreaterThan(begun);
      await first;
      await member.rebalance.stop();
    }
  });

  it('keeps what it has while the members are not known, and asks every second', async () => {
    const member = new Member();
    await member.rebalance.now();
    member.own = undefined;
    await member.rebalance.now();
    expect(member.reading).toHaveLength(2);
    const before = member.rounds;
    await member.clock.advance(3_000);
    expect(member.rounds).toBe(before + 3);
    member.own = [queue(0)];
    await member.clock.advance(1_000);
    expect(member.reading).toEqual([queue(0)]);
    await member.rebalance.stop();
  });

  it('asks for a topic that does not exist less and less often, and reads it once it does', async () => {
    const member = new Member();
    member.own = NO_TOPIC;
    await member.rebalance.now();
    const rounds: number[] = [];
    for (let second = 1; second <= 80; second++) {
      const before = member.rounds;
      await member.clock.advance(1_000);
      if (member.rounds > before) rounds.push(second);
    }
    expect(rounds).toEqual([1, 2, 4, 8, 16, 32, 52, 72]);
    member.own = [queue(0)];
    // a broker tells
    await member.rebalance.now();
    expect(member.reading).toEqual([queue(0)]);
    member.own = NO_TOPIC;
    await member.rebalance.now();
    const before = member.rounds;
    await member.clock.advance(1_000);
    expect(member.rounds).toBe(before + 1);
    await member.rebalance.stop();
  });

  it('comes round every 20 s when all is well, every second while a queue cannot be taken', async () => {
    const member = new Member();
    await member.rebalance.now();
    await member.clock.advance(60_000);
    expect(member.rounds).toBe(4);
    member.mayTake = false;
    member.own = [queue(3)];
    await member.clock.advance(22_000);
    expect(member.rounds).toBe(7);
    await member.rebalance.stop();
  });

  it('runs one round at a time, and one more for those who asked meanwhile', async () => {
    const member = new Member();
    await Promise.all([member.rebalance.now(), member.rebalance.now(), member.rebalance.now()]);
    expect(member.rounds).toBeLessThanOrEqual(2);
    await member.rebalance.stop();
    await member.rebalance.now();
    expect(member.rounds).toBeLessThanOrEqual(2);
  });

  it('gives up all that is not its own at once, however long each takes', async () => {
    const member = new Member();
    await member.rebalance.now();
    member.own = [];
    member.releaseMs = 1_000;
    const round = member.rebalance.now();
    await member.clock.advance(1_000);
    expect(member.reading).toEqual([]);
    await round;
    await member.rebalance.stop();
  });
});
