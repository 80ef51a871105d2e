import { createHash } from 'node:crypto';
import { formatProperties, type ManualClock } from '@halfmq/remoting/record';
import { done, message, readAll, store } from './fixture.js';
import type { MessageStore, SettingKind } from './message-store.js';
import { HALF_TOPIC } from './system-topics.js';

const TOPICS = ['a', 'b', 'c'];
const QUEUES = 3;
const TIMER = 'rmq_sys_wheel_timer';
const KINDS: readonly SettingKind[] = ['topic', 'group'];

/** For tests: random work on a store, of every kind it knows; the same seed does the same. */
export class Workload {
  private written = 0;

  constructor(
    private readonly clock: ManualClock,
    private seed: number,
  ) {}

  /** At least 0, less than `end`. */
  private random(end: number): number {
    this.seed = (Math.imul(this.seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((this.seed / 0x80000000) * end);
  }

  async run(into: MessageStore, steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) await this.step(into);
  }

  private async step(into: MessageStore): Promise<void> {
    const kind = this.random(20);
    if (kind < 8) await this.send(into);
    else if (kind < 10) await store(into, this.half());
    else if (kind < 13) await this.decide(into);
    else if (kind < 14) await this.park(into);
    else if (kind < 16) await this.delay(into);
    else if (kind < 17) await this.set(into);
    else if (kind < 18) into.offsets.commit(`g${this.random(3)}`, this.topic(), 0, this.random(9));
    else if (kind < 19) await this.clock.advance(this.random(3000));
    else if (this.random(4) === 0) await done((stored) => into.deleteTopic(this.topic(), stored));
  }

  private topic(): string {
    return TOPICS[this.random(TOPICS.length)] ?? 'a';
  }

  private body(): string {
    return `${this.written++}:${'x'.repeat(this.random(4) === 0 ? this.random(9000) : this.random(50))}`;
  }

  private async send(into: MessageStore): Promise<void> {
    const many = Array.from({ length: 1 + this.random(4) }, () => {
      const properties = formatProperties([['TAGS', `t${this.random(3)}`]]);
      return message(this.topic(), this.body(), { queueId: this.random(QUEUES), properties });
    });
    await store(into, ...many);
  }

  private half() {
    const names = [
      ['REAL_TOPIC', this.topic()],
      ['PGROUP', 'p'],
      ['UNIQ_KEY', `u${this.written}`],
      ...(this.random(2) === 0 ? [['HALFMQ_TX', `t${this.random(4)}`] as const] : []),
    ] as const;
    return message(HALF_TOPIC, this.body(), { properties: formatProperties(names) });
  }

  private async decide(into: MessageStore): Promise<void> {
    const undecided = into.halves.undecided(100);
    const half = undecided[this.random(undecided.length)];
    if (!half) return;
    const by = (['producer', 'check', 'operator'] as const)[this.random(3)] ?? 'check';
    const kind = this.random(2) === 0 ? 'commit' : 'rollback';
    const reason = by === 'operator' ? 'because' : undefined;
    const waits = this.random(3) === 0;
    const final = waits
      ? { ...message(TIMER, this.body()), deliverAt: this.clock.now() + this.random(90_000) }
      : message(half.topic, this.body());
    const verdict = { kind, by, at: this.clock.now(), reason } as const;
    await done(
      (stored) =>
        void into.halves.decide(
          half.halfOffset,
          verdict,
          kind === 'commit' ? () => final : undefined,
          stored,
        ),
    );
  }

  private async park(into: MessageStore): Promise<void> {
    const undecided = into.halves.undecided(100);
    const half = undecided[this.random(undecided.length)];
    if (!half) return;
    const { halfOffset } = half;
    if (half.state === 'parked')
      return done((stored) => into.halves.resume(halfOffset, this.clock.now(), stored));
    await done((stored) => void into.halves.park(halfOffset, () => message('parked', this.body()), stored));
  }

  private async delay(into: MessageStore): Promise<void> {
    const [due] = into.delayed.due(this.clock.now(), 1);
    const finals = Array.from({ length: this.random(4) }, () => message(this.topic(), this.body()));
    if (due) return done((stored) => into.delayed.deliver(due, finals, stored));
    const at = this.clock.now() + this.random(90_000);
    await done((stored) => void into.delayed.schedule(message(TIMER, this.body()), at, stored));
  }

  private async set(into: MessageStore): Promise<void> {
    const kind = KINDS[this.random(KINDS.length)] ?? 'topic';
    const name = `n${this.random(5)}`;
    if (this.random(4) === 0) return done((stored) => into.settings.delete(kind, name, stored));
    await done((stored) => into.settings.put(kind, name, this.body(), stored));
  }
}

/** For tests: all that can be read in a store by its names, but for what is counted in memory alone (checks). */
export function everythingIn(from: MessageStore) {
  const queues = [...TOPICS, 'parked', 'filler'].flatMap((topic) =>
    Array.from({ length: QUEUES }, (_, queueId) => queueIn(from, topic, queueId)),
  );
  const halves = from.halves.undecided(Infinity).map((half) => {
    const { halfOffset, physicalOffset, producerGroup, topic, uniqueKey, storeTimestamp, state } = half;
    const record = digest(from.recordAt(physicalOffset));
    const together = from.halves.together(halfOffset).map((each) => each.halfOffset);
    return {
      halfOffset,
      physicalOffset,
      producerGroup,
      topic,
      uniqueKey,
      storeTimestamp,
      state,
      record,
      together,
    };
  });
  const [min, max] = [from.minOffset(HALF_TOPIC, 0), from.maxOffset(HALF_TOPIC, 0)];
  const verdicts = Array.from({ length: max - min }, (_, each) => from.halves.find(min + each)?.verdict);
  const delayed = from.delayed
    .due(Number.MAX_SAFE_INTEGER, Infinity)
    .map(({ deliverAt, physicalOffset }) => [
      deliverAt,
      physicalOffset,
      digest(from.recordAt(physicalOffset)),
    ])
    .toSorted(([, a], [, b]) => Number(a) - Number(b));
  const settings = KINDS.map((kind) => Object.fromEntries(from.settings.all(kind)));
  const offsets = ['g0', 'g1', 'g2'].map((group) =>
    Object.fromEntries(
      TOPICS.map((topic) => [topic, Object.fromEntries(from.offsets.ofTopic(group, topic))]),
    ),
  );
  return { queues, halves, verdicts, delayed, settings, offsets };
}

function queueIn(from: MessageStore, topic: string, queueId: number) {
  const records = readAll(from, topic, queueId).map(
    ({ queueOffset, physicalOffset, body, properties }) =>
      `${queueOffset} ${physicalOffset} ${digest(body)} ${properties}`,
  );
  return {
    topic,
    queueId,
    min: from.minOffset(topic, queueId),
    max: from.maxOffset(topic, queueId),
    records,
  };
}

const digest = (bytes: Buffer | undefined): string =>
  bytes ? createHash('sha1').update(bytes).digest('hex') : 'nothing';
