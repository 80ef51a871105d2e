import { PropertyName, propertyOf, StatusError, withProperty, type Clock } from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import type { ReceivedMessage } from '../consume/pop/receive.js';
import { BACKURL_GROUP } from '../directory/group-config.js';
import { told } from '../directory/told.js';
import { SystemTopic } from '../directory/topic-names.js';
import type { Backurls } from '../produce/backurls.js';
import { waitingUntil } from '../produce/delay.js';
import { again } from '../produce/stored-message.js';
import { Places } from './places.js';
import type { Target } from './push-message.js';
import type { Pusher } from './pusher.js';
import type { Pushers } from './pushers.js';

/** Messages of all addresses. One that does not answer has a few of them, see Places, and rests when they have failed. */
const AT_ONCE = 64;

/**
 * POSTs the copies of messages that came with an address. One group reads them all, so nothing is left in the queue because
 * one address rests: what is to come again waits on the disk, as a delayed message does, and in the end it lies in the
 * group's dead letters.
 */
export class BackurlPush {
  private running: Pusher | undefined;
  private stopped = true;

  constructor(
    private readonly clock: Clock,
    private readonly store: Pick<MessageStore, 'delayed' | 'maxOffset'>,
    private readonly backurls: Backurls,
    private readonly pushers: Pushers,
  ) {}

  /** Undefined: no message had an address yet. */
  get pusher(): Pusher | undefined {
    return this.running;
  }

  /** Without a message that has an address it does nothing, not even wait. */
  start(): void {
    this.stopped = false;
    this.backurls.onCopy(() => this.begin());
    if (this.store.maxOffset(SystemTopic.BACKURL, 0) > 0) this.begin();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running?.stop();
  }

  private begin(): void {
    if (this.stopped) return;
    this.running ??= this.pushers.start({
      group: BACKURL_GROUP,
      topic: SystemTopic.BACKURL,
      ordered: false,
      expression: undefined,
      expressionType: 'TAG',
      concurrency: AT_ONCE,
      rateLimit: undefined,
      targetOf: (message) => this.targetOf(message),
      putOff: (message, delayMs, counts) => this.putOff(message, delayMs, counts),
      places: new Places(this.clock),
      endpoint: undefined,
    });
  }

  /** @throws StatusError SYSTEM_ERROR: it is of another broker */
  private targetOf({ record: { properties } }: ReceivedMessage): Target {
    const where = this.backurls.of(properties);
    if (!where) throw new StatusError('SYSTEM_ERROR', 'the address of a message cannot be read here');
    const url = new URL(where.url);
    const topic = propertyOf(properties, PropertyName.RETRY_TOPIC);
    return { url, endpoint: `backurl ${url.origin}`, secrets: where.secrets, topic, group: undefined };
  }

  private putOff({ record }: ReceivedMessage, delayMs: number, counts: boolean): Promise<void> {
    const copy = again(record, {
      topic: SystemTopic.BACKURL,
      queueId: 0,
      reconsumeTimes: record.reconsumeTimes + (counts ? 1 : 0),
      properties: withProperty(record.properties, PropertyName.TIMER_OUT_MS, undefined),
    });
    const { message, deliverAt } = waitingUntil(this.clock.now() + delayMs, copy);
    return told((stored) => void this.store.delayed.schedule(message, deliverAt, stored));
  }
}
