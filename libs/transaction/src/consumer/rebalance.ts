import type { Cancel, Clock, Log } from '@halfmq/remoting';
import { Complaints } from '../complaints.js';
import { assignedKey, NO_TOPIC, type AssignedQueue } from './assignment.js';

const PERIOD_MS = 20_000;
/** While something is missing: the list of members, a lock. */
const UNSETTLED_MS = 1_000;

export interface RebalanceParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly topics: readonly string[];
  /** Asks name servers for the topic's queues again; when they are others than they were, a round is asked for. */
  readonly lookAgain: (topic: string) => void;
  /** the queues of a topic that are this member's; undefined when that cannot be told now. May reject */
  readonly assigned: (topic: string) => Promise<readonly AssignedQueue[] | typeof NO_TOPIC | undefined>;
  /** queues being read now */
  readonly held: () => readonly AssignedQueue[];
  /** runs before each round. @returns false when something is missing still. Never rejects */
  readonly before: () => Promise<boolean>;
  /** Begins to read all that is missing of a topic. @returns false when one of them could not be begun. May reject */
  readonly take: (topic: string, missing: readonly AssignedQueue[]) => Promise<boolean>;
  /** Ends reading. @returns false when it must be asked again, because a handler is not through. May reject */
  readonly release: (queue: AssignedQueue) => Promise<boolean>;
}

/**
 * Keeps what this member reads equal to what is its own: every 20 s, every second while something is missing, and at
 * once when told. A topic that does not exist is asked for after 1, 1, 2, 4 … s, at most 20: name servers are not to be asked
 * for ever for one that may never come, and a HalfMQ broker tells when it does. One round at a time; being told during a round
 * means one more after it.
 */
export class Rebalance {
  private cancelNext: Cancel = () => undefined;
  private round: Promise<void> | undefined;
  private again = false;
  private stopped = false;
  /** topics that did not exist in the last round, and since when (monotonic ms) it was just these */
  private missing: { readonly topics: string; readonly since: number } = { topics: '', since: 0 };
  private unassigned: number | undefined;
  private readonly complaints: Complaints;

  constructor(private readonly parts: RebalanceParts) {
    this.complaints = new Complaints(parts.log);
  }

  /** Since when (ms since 1970) it cannot be told of some topic which queues are this member's; undefined: it can. */
  get unassignedSince(): number | undefined {
    return this.unassigned;
  }

  /** Resolves after a round that began after the call. Never rejects. */
  now(): Promise<void> {
    if (this.stopped) return Promise.resolve();
    this.again = true;
    this.round ??= this.rounds();
    return this.round;
  }

  /** A broker tells: members of the group came or went, or a topic of it has come into being there, maybe not as the first. */
  told(): void {
    if (this.stopped) return;
    for (const topic of this.parts.topics) this.parts.lookAgain(topic);
    void this.now();
  }

  /** Resolves when no round runs and none will. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelNext();
    await this.round;
  }

  private async rounds(): Promise<void> {
    let settled = true;
    while (this.again && !this.stopped) {
      this.again = false;
      this.cancelNext();
      settled = await this.run();
    }
    // in the same step as the look at `again`: whoever asks from now on begins a round
    this.round = undefined;
    if (this.stopped) return;
    const nextMs = settled ? this.patienceMs() : UNSETTLED_MS;
    this.cancelNext = this.parts.clock.after(nextMs, () => void this.now(), true);
  }

  /** As long as was waited already. */
  private patienceMs(): number {
    const { topics, since } = this.missing;
    if (topics === '') return PERIOD_MS;
    return Math.min(Math.max(this.parts.clock.monotonic() - since, UNSETTLED_MS), PERIOD_MS);
  }

  /** @returns whether every topic that exists is as it should be */
  private async run(): Promise<boolean> {
    let settled = await this.parts.before();
    const missing: string[] = [];
    let unassigned = false;
    for (const topic of this.parts.topics) {
      try {
        const mine = await this.parts.assigned(topic);
        unassigned ||= mine === undefined;
        if (mine === NO_TOPIC) missing.push(topic);
        else settled = (await this.balance(topic, mine)) && settled;
        this.complaints.settled(topic);
      } catch (error) {
        this.complaints.warn(topic, `no rebalance of ${topic} now, it keeps what it has`, { error });
        settled = false;
        unassigned = true;
      }
    }
    this.unassigned = unassigned ? (this.unassigned ?? this.parts.clock.now()) : undefined;
    const topics = missing.join(' ');
    if (topics !== this.missing.topics) this.missing = { topics, since: this.parts.clock.monotonic() };
    return settled;
  }

  private async balance(topic: string, mine: readonly AssignedQueue[] | undefined): Promise<boolean> {
    const { held, take, release } = this.parts;
    if (!mine) return false;
    const wanted = new Set(mine.map(assignedKey));
    const given = held().filter((queue) => queue.topic === topic && !wanted.has(assignedKey(queue)));
    const released = await Promise.all(given.map((queue) => release(queue)));
    if (this.stopped) return true;
    const reading = new Set(held().map(assignedKey));
    const missing = mine.filter((queue) => !reading.has(assignedKey(queue)));
    return (await take(topic, missing)) && released.every(Boolean);
  }
}
