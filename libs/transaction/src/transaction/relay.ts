import type { Cancel, Clock, Log } from '@halfmq/remoting';
import { channels } from '../channels.js';
import { Complaints } from '../complaints.js';
import { ClientClosed } from '../errors.js';
import { InFlight } from '../in-flight.js';
import type { OutgoingMessage } from '../message.js';
import { mayPass } from '../producer/delivery.js';
import type { Barrier, OpenTransaction } from './barrier.js';
import type { KeyedSends } from './half-messages.js';
import type { OutboxRows, Reading, WaitingMessage } from './outbox.js';
import type { Reach } from './reach.js';

/** Somebody else's messages, left by a process that has died: nobody waits for these. */
const IDLE_MS = 10_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;

export interface RelayParts<Manager> {
  readonly barrier: Barrier<Manager>;
  readonly sends: KeyedSends;
  readonly reach: Reach;
  readonly clock: Clock;
  readonly log: Log;
}

/** done: nothing is left that can be sent. busy: another process relays. stuck: some could not be sent. */
type Round = 'done' | 'busy' | 'stuck';

/**
 * Brings the messages of the outbox to the brokers, in every process that has one; the lock that comes with the rows
 * lets one at a time. A batch is one database transaction: its messages are sent as ordinary ones, then deleted. Killed
 * in between, they are sent again, under the same unique keys.
 *
 *   IDLE ── something was written, or 10 s ─▶ ROUND ── done ─▶ IDLE
 *                                               └ busy, stuck, or the database fails
 *                                                   ─▶ PAUSE ── 1 s, doubled to 10 s, or a broker was reached ─▶ ROUND
 */
export class Relay<Manager> {
  private readonly complaints: Complaints;
  private readonly work = new InFlight(channels.work);
  private state: 'stopped' | 'idle' | 'round' | 'pause' = 'stopped';
  private writtenMeanwhile = false;
  private pauseMs = FIRST_PAUSE_MS;
  private cancel: Cancel = () => undefined;

  constructor(private readonly parts: RelayParts<Manager>) {
    this.complaints = new Complaints(parts.log);
  }

  start(): void {
    if (this.state === 'stopped') this.begin();
  }

  /** While a broker is away, what is written changes nothing. */
  written(): void {
    this.writtenMeanwhile = true;
    if (this.state === 'idle') this.begin();
  }

  /** A broker that was away has answered. */
  reached(): void {
    this.pauseMs = FIRST_PAUSE_MS;
    if (this.state === 'pause') this.begin();
  }

  /** Resolves when the batch under way has ended. */
  async stop(): Promise<void> {
    this.state = 'stopped';
    this.cancel();
    await this.work.settled();
  }

  private begin(): void {
    this.cancel();
    this.state = 'round';
    this.writtenMeanwhile = false;
    void this.work.track(this.once().then((result) => this.wait(result)));
  }

  private wait(result: Round): void {
    if (this.state === 'stopped') return;
    const { clock } = this.parts;
    if (result === 'done') {
      this.pauseMs = FIRST_PAUSE_MS;
      if (this.writtenMeanwhile) return this.begin();
      this.state = 'idle';
      this.cancel = clock.after(IDLE_MS, () => this.begin(), true);
      return;
    }
    this.state = 'pause';
    this.cancel = clock.after(this.pauseMs, () => this.begin());
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
  }

  private async once(): Promise<Round> {
    try {
      const result = await this.everything();
      this.complaints.settled('database');
      return result;
    } catch (error) {
      this.complaints.warn('database', 'the outbox could not be read, its messages wait', { error });
      return 'stuck';
    }
  }

  /** Goes through the outbox once, batch by batch; what cannot be sent now is passed over. */
  private async everything(): Promise<Round> {
    const stuck = new Stuck();
    for (let after = '0'; this.state === 'round';) {
      const taken = await this.batch({ after, without: stuck.topics }, stuck);
      if (!taken) return 'busy';
      const last = taken.at(-1);
      if (!last) break;
      after = last.id;
    }
    return stuck.any ? 'stuck' : 'done';
  }

  /** @returns what it has tried to send; undefined while another process relays */
  private async batch(reading: Reading, stuck: Stuck): Promise<readonly WaitingMessage[] | undefined> {
    // what another relay has deleted must be seen once its lock is taken
    const transaction = await this.parts.barrier.begin('READ COMMITTED');
    let taken: readonly WaitingMessage[] | undefined;
    let sent: string[] = [];
    try {
      taken = await rowsOf(transaction).take(reading);
      sent = await this.sendAll(taken ?? [], stuck);
      if (sent.length > 0) await rowsOf(transaction).remove(sent);
    } catch (error) {
      await transaction.rollback();
      throw error;
    }
    if (sent.length > 0) await committed(transaction);
    else await transaction.rollback();
    return taken;
  }

  /** Messages of one ordering key one after the other, all others side by side. */
  private async sendAll(taken: readonly WaitingMessage[], stuck: Stuck): Promise<string[]> {
    const rows = new Map<string, WaitingMessage[]>();
    for (const one of taken) {
      const row = rows.get(keyOf(one)) ?? [];
      rows.set(keyOf(one), [...row, one]);
    }
    const sent = await Promise.all([...rows].map(([key, row]) => this.sendRow(key, row, stuck)));
    return sent.flat();
  }

  private async sendRow(key: string, row: readonly WaitingMessage[], stuck: Stuck): Promise<string[]> {
    const sent: string[] = [];
    for (const one of row) {
      const { topic } = one.message;
      if (stuck.holds(key)) break;
      try {
        await this.parts.sends.send(afterWaiting(one), one.uniqueKey);
      } catch (error) {
        // the client may not be started yet
        stuck.add(key, topic, error instanceof ClientClosed || mayPass(error));
        this.complaints.warn(topic, 'a message of the outbox could not be sent, it waits', { topic, error });
        break;
      }
      channels.afterRelay.publish({ topic, uniqueKey: one.uniqueKey });
      this.parts.reach.reached(topic);
      this.complaints.settled(topic);
      sent.push(one.id);
    }
    return sent;
  }
}

/** What one round does not try again. */
class Stuck {
  private readonly away = new Set<string>();
  private readonly rows = new Set<string>();

  get topics(): string[] {
    return [...this.away];
  }

  get any(): boolean {
    return this.rows.size > 0;
  }

  holds(key: string): boolean {
    return this.rows.has(key);
  }

  /** @param away nobody takes messages of the topic now; else this one message is refused, and its successors wait */
  add(key: string, topic: string, away: boolean): void {
    this.rows.add(key);
    if (away) this.away.add(topic);
  }
}

function rowsOf(transaction: OpenTransaction<unknown>): OutboxRows {
  if (!transaction.outbox) throw new Error('this database has no outbox');
  return transaction.outbox;
}

async function committed(transaction: OpenTransaction<unknown>): Promise<void> {
  const outcome = await transaction.commit();
  if (outcome.kind !== 'committed') throw outcome.error;
}

function keyOf({ id, message }: WaitingMessage): string {
  return message.orderingKey === undefined ? id : JSON.stringify([message.topic, message.orderingKey]);
}

/** A delay counts from the commit. */
function afterWaiting({ message, waitedMs }: WaitingMessage): OutgoingMessage {
  if (message.delayMs === undefined) return message;
  return { ...message, delayMs: Math.max(0, Math.round(message.delayMs - waitedMs)) };
}
