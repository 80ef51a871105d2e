import { StatusError, type Cancel, type Clock, type Log } from '@halfmq/remoting';
import { StoreError } from '@halfmq/store';
import { channels } from '../channels.js';
import type { Acknowledge } from '../consume/pop/acknowledge.js';
import { MOST_MESSAGES } from '../consume/pop/pop-checks.js';
import type { ReceivedMessage, Receive, ReceiveRequest } from '../consume/pop/receive.js';
import { retryDelayMs } from '../directory/group-retry.js';
import type { Groups } from '../directory/groups.js';
import { type Delivered, isTaken, type Outbound } from '../outbound/outbound.js';
import { OutboundError } from '../outbound/outbound-error.js';
import { Pace } from './pace.js';
import type { Places } from './places.js';
import { deliveryOf, type Target } from './push-message.js';
import { PushRecord, type Outcome } from './push-record.js';

/**
 * Longer than a request may take and than it waits to begin, 11 s: what is on its way does not come again meanwhile. Not
 * much longer: nobody pushes sooner what a killed broker had under way.
 */
const INVISIBLE_MS = 20_000;
const WAIT_MS = 30_000;
/** Until what cannot be received now is asked for again. */
const TRY_AGAIN_MS = 1_000;
/** Until a message that gave way comes again: what is under way to its address has its answer then, or is given up. */
const GIVE_WAY_MS = 10_000;
/** As long as a message may be kept from coming again. */
const LONGEST_DELAY_MS = 12 * 3_600_000;

/** What a pusher needs of other rooms. */
export interface PushParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly receives: Receive;
  readonly acknowledge: Acknowledge;
  readonly groups: Groups;
  readonly outbound: Outbound;
  /** messageDelayLevel */
  readonly levels: string;
}

/** What one pusher pushes, and where to. */
export interface PushTask extends Pick<
  ReceiveRequest,
  'group' | 'topic' | 'ordered' | 'expression' | 'expressionType'
> {
  readonly concurrency: number;
  readonly rateLimit: number | undefined;
  readonly targetOf: (message: ReceivedMessage) => Target;
  /**
   * Stores what is to come again after so long; its lease is kept for so long unless told.
   * @param counts whether this was an attempt
   * @throws StoreError
   */
  readonly putOff?: (message: ReceivedMessage, delayMs: number, counts: boolean) => Promise<void>;
  /** of addresses that share this pusher; undefined: there is one */
  readonly places?: Places;
  /** of all its messages: nothing is received while it rests; undefined: each message has one of its own */
  readonly endpoint: string | undefined;
}

/**
 * Pushes the messages of one group, each in a request of its own. It receives no more than it may have under way, so that
 * what an endpoint does not take stays in its queues:
 *
 *   receives ── as many as are free, while the endpoint is well; one, when it has rested
 *   2xx ─────── acknowledged
 *   else ────── comes again by the group's retry policy, not before Retry-After; after its last attempt a dead letter
 *   paused, resting, slower than asked ── nothing is received
 */
export class Pusher {
  readonly record = new PushRecord();
  /** why nothing can be received now */
  problem: string | undefined;
  private readonly pace: Pace;
  private readonly underWay = new Set<Promise<void>>();
  private receiving: AbortController | undefined;
  private wake: () => void = () => undefined;
  private stopped = false;
  private running: Promise<void> | undefined;

  constructor(
    private readonly parts: PushParts,
    private readonly task: PushTask,
    private paused: boolean,
  ) {
    this.pace = new Pace(parts.clock, task.rateLimit);
  }

  get inFlight(): number {
    return this.underWay.size;
  }

  start(): void {
    this.running = this.run();
  }

  /** Resolves when what is under way has been answered. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.receiving?.abort();
    this.task.places?.close();
    this.wake();
    await this.running;
    await Promise.all(this.underWay);
  }

  pause(paused: boolean): void {
    this.paused = paused;
    this.reconsider();
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const most = this.room();
      if (most > 0) await this.receive(most);
      else await this.sleep(this.pauseMs());
    }
  }

  /** How many messages may be taken now. */
  private room(): number {
    if (this.paused) return 0;
    const { endpoint, concurrency, ordered } = this.task;
    const health = endpoint === undefined ? 'well' : this.parts.outbound.receivers.health(endpoint);
    if (health === 'resting') return 0;
    const free = health === 'trying' ? 1 - this.inFlight : concurrency - this.inFlight;
    return Math.min(free, this.pace.room(), ordered ? 1 : MOST_MESSAGES);
  }

  /** Until it is worth another look although nothing happens; 0: it is not. */
  private pauseMs(): number {
    const { endpoint } = this.task;
    const restMs = endpoint === undefined ? 0 : this.parts.outbound.receivers.restMs(endpoint);
    return Math.max(restMs, this.pace.waitMs());
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      let cancel: Cancel = () => undefined;
      this.wake = () => {
        this.wake = () => undefined;
        cancel();
        resolve();
      };
      if (ms > 0) cancel = this.parts.clock.after(ms, () => this.wake());
    });
  }

  private async receive(most: number): Promise<void> {
    const { group, topic, ordered, expression, expressionType } = this.task;
    const receiving = new AbortController();
    this.receiving = receiving;
    const request = { group, topic, ordered, expression, expressionType, most };
    try {
      const waits = { ...request, invisibleMs: INVISIBLE_MS, waitMs: WAIT_MS };
      const messages = await this.parts.receives.receive(waits, receiving.signal);
      this.problem = undefined;
      this.pace.spend(messages.length);
      for (const message of messages) this.begin(message);
    } catch (error) {
      this.cannot(error);
      if (!this.stopped) await this.sleep(TRY_AGAIN_MS);
    } finally {
      this.receiving = undefined;
    }
  }

  /** It goes on all the same: nobody else pushes these messages. */
  private cannot(error: unknown): void {
    this.problem = error instanceof Error ? error.message : String(error);
    if (isRefusal(error)) return;
    const { group, topic } = this.task;
    this.parts.log.error('a push has failed in a way nobody expected', { group, topic, error });
  }

  /** Something has changed: perhaps more may be taken, or nothing any more. */
  private reconsider(): void {
    if (this.room() < 1) this.receiving?.abort();
    this.wake();
  }

  private begin(message: ReceivedMessage): void {
    const work = this.push(message)
      // its topic is gone, or the store takes nothing: it comes again when its time is over, if it is there
      .catch((error: unknown) => this.cannot(error))
      .finally(() => {
        this.underWay.delete(work);
        this.reconsider();
      });
    this.underWay.add(work);
    if (channels.outbound.hasSubscribers) channels.outbound.publish({ work });
  }

  private async push(message: ReceivedMessage): Promise<void> {
    const { clock } = this.parts;
    const began = clock.monotonic();
    const outcome = await this.post(message);
    if (outcome === 'gave way') return this.giveWay(message);
    // the broker is stopping: it comes again
    if (!outcome) return;
    this.record.add(outcome, clock.monotonic() - began, clock.now());
    if (outcome.taken) this.parts.acknowledge.done(this.handedOut(message));
    else await this.again(message, outcome);
  }

  private async post(message: ReceivedMessage): Promise<Outcome | 'gave way' | undefined> {
    try {
      const target = this.task.targetOf(message);
      const { places } = this.task;
      if (places && !(await places.enter(target.endpoint))) return 'gave way';
      const { status, retryAfterMs } = await this.deliver(message, target);
      const taken = isTaken(status);
      return { taken, status, retryAfterMs, why: taken ? undefined : `it answered HTTP ${status}` };
    } catch (error) {
      if (!(error instanceof OutboundError || error instanceof StatusError)) throw error;
      if (error instanceof OutboundError && error.kind === 'closed') return undefined;
      return { taken: false, why: error.message, retryAfterMs: 0 };
    }
  }

  private async deliver(message: ReceivedMessage, target: Target): Promise<Delivered> {
    const { clock, outbound } = this.parts;
    let answered = false;
    try {
      const delivered = await outbound.deliver(deliveryOf(message, target, clock.now()));
      answered = true;
      return delivered;
    } finally {
      this.task.places?.leave(target.endpoint, answered);
    }
  }

  private async giveWay(message: ReceivedMessage): Promise<void> {
    if (this.stopped) return;
    await this.task.putOff?.(message, GIVE_WAY_MS, false);
    this.parts.acknowledge.done(this.handedOut(message));
  }

  private async again(message: ReceivedMessage, { retryAfterMs }: Outcome): Promise<void> {
    const { groups, acknowledge, receives, levels } = this.parts;
    const { group } = this.task;
    const settings = groups.known(group);
    // its group is gone: nobody asks for its messages
    if (!settings) return;
    if (message.attempt > settings.retryMaxTimes) {
      await receives.bury(group, message);
      this.record.dead++;
      return;
    }
    const wantedMs = Math.max(retryAfterMs, retryDelayMs(settings, message.attempt - 1, levels));
    const delayMs = Math.min(wantedMs, LONGEST_DELAY_MS);
    const { putOff } = this.task;
    if (!putOff) return void acknowledge.change(this.handedOut(message), delayMs);
    await putOff(message, delayMs, true);
    acknowledge.done(this.handedOut(message));
  }

  private handedOut({ receipt, liesIn }: ReceivedMessage) {
    return { group: this.task.group, topic: liesIn, receipt };
  }
}

const isRefusal = (error: unknown): error is StatusError | StoreError =>
  error instanceof StatusError || error instanceof StoreError;
