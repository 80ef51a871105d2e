import { join } from 'node:path';
import {
  decodeRecord,
  decodeRecords,
  formatProperties,
  propertyOf,
  tagsCode,
  type Clock,
} from '@halfmq/remoting/record';
import type {
  FinalMessage,
  HalfMessage,
  MessageStore,
  NewMessage,
  Place,
  PlainMessage,
  StoreOptions,
} from '@halfmq/store';
import { workMessage, workOptions } from '../kit/store-work.js';
import { bodyOf, idOf } from './bodies.js';
import type { Fact, Note } from './promises.js';
import type { Random } from './random.js';
import type { Shape } from './recording.js';

export const HALF_TOPIC = 'RMQ_SYS_TRANS_HALF_TOPIC';
export const WHEEL_TOPIC = 'rmq_sys_wheel_timer';
/** Of all but the last nothing is ever deleted. */
export const TOPICS = ['plain', 'other', 'final', 'delivered', 'fence', 'parked', 'doomed'] as const;
export const GROUP = 'readers';
const RETENTION_MS = 25_000;

/** Small segments and a short retention: cuts fall into rolls, merges and unlinking. */
export function options(disk: string, clock: Clock, { flush, apart }: Shape): StoreOptions {
  return workOptions(join(disk, 'store'), {
    logPath: apart ? join(disk, 'elsewhere', 'log') : undefined,
    clock,
    flush,
    segmentBytes: 1024 * 1024,
    retentionMs: RETENTION_MS,
  });
}

export function messageOf(topic: string, queueId: number, id: string, size: number): NewMessage {
  const properties = [
    ['UNIQ_KEY', id],
    ['TAGS', `tag${id.length % 3}`],
    ['PGROUP', 'producers'],
    ['REAL_TOPIC', topic === HALF_TOPIC ? 'final' : topic],
    ...(topic === HALF_TOPIC ? transactionOf(id) : []),
  ] as const;
  return workMessage(topic, queueId, bodyOf(id, size), formatProperties(properties));
}

/** Half messages prepared soon after one another are of one transaction, as a rule. */
function transactionOf(id: string): [string, string][] {
  const n = Number.parseInt(id.slice(1), 10);
  return n % 4 === 0 ? [] : [['HALFMQ_TX', `tx-${Math.floor(n / 40)}`]];
}

const NEWEST = 60;

/** Ids of the newest records of all queues. */
export function newestIds(store: MessageStore): string[] {
  return [...TOPICS, HALF_TOPIC, WHEEL_TOPIC].flatMap((topic) =>
    [0, 1, 2].flatMap((queue) => {
      const from = Math.max(store.minOffset(topic, queue), store.maxOffset(topic, queue) - NEWEST);
      const { records } = store.read(topic, queue, from, { maxMessages: NEWEST, maxBytes: 8_000_000 });
      return records.flatMap((piece) => decodeRecords(piece)).map(({ body }) => idOf(body));
    }),
  );
}

/** Works on a store as a broker would, by chance, and says before and after what it did. */
export class Workload {
  /** some stores get one message a turn: what is merged later */
  private readonly most: number;
  private readonly acts = [
    () => this.sendOne(),
    () => this.sendOne(),
    () => this.sendBatch(),
    () => this.prepare(),
    () => this.decide(),
    () => this.parkOrResume(),
    () => this.delay(),
    () => this.deliver(),
    () => this.set(),
    () => this.commitOffsets(),
  ];

  constructor(
    private readonly store: MessageStore,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly say: (note: Note) => void,
    /** number of the last op */
    public n: number,
  ) {
    this.most = random.chance(0.35) ? 1 : 5;
  }

  /** Some acts in one turn: one group of the log. */
  turn(): void {
    const { random } = this;
    const acts = random.chance(0.1) && this.most > 1 ? 30 : 1 + random.below(this.most);
    for (let act = 0; act < acts; act++) this.acts[random.below(this.acts.length)]?.();
    if (random.chance(0.01)) this.deleteTopic();
    this.say({ say: 'turn', now: this.clock.now(), begin: this.store.minPhysicalOffset });
  }

  private size(): number {
    const { random } = this;
    const roll = random.next();
    if (roll < 0.6) return 20 + random.below(700);
    if (roll < 0.92) return 20 + random.below(6000);
    return random.chance(0.1) ? 300_000 : 20 + random.below(40_000);
  }

  private record(topic: string, queue: number, size: number, each = 0): { fact: Fact; message: NewMessage } {
    const id = `m${this.n}.${each}`;
    return { fact: { is: 'record', topic, queue, id, size }, message: messageOf(topic, queue, id, size) };
  }

  private answered(n: number, early = false): (error?: Error) => void {
    return (error) => {
      if (!error) this.say({ say: 'answered', n, early });
    };
  }

  /** Appends, and says where. */
  private append(made: readonly { fact: Fact; message: NewMessage }[]): readonly Place[] {
    const { n } = this;
    const places = this.store.append(
      made.map(({ message }) => message),
      this.answered(n),
    );
    const at = places.at(-1)?.physicalOffset ?? 0;
    const facts = made.map(({ fact }, index) => placed(fact, places[index]));
    this.say({ say: 'op', n, at, facts });
    return places;
  }

  private sendOne(): void {
    this.n++;
    const { n, random } = this;
    const topic = random.of(['plain', 'plain', 'other', 'doomed']);
    const { fact, message } = this.record(topic, random.below(3), this.size());
    // does not wait for the disk, whatever the mode
    const early = random.chance(0.15);
    const waiting: NewMessage = early ? { ...message, waits: 'commit' } : message;
    const stored = this.answered(n, early);
    const place = random.chance(0.5)
      ? this.store.appendPlain(plain(waiting), stored)
      : this.store.append([waiting], stored)[0];
    this.say({ say: 'op', n, at: place?.physicalOffset ?? 0, facts: [placed(fact, place)] });
  }

  private sendBatch(): void {
    this.n++;
    const length = 2 + this.random.below(12);
    const queue = this.random.below(2);
    this.append(Array.from({ length }, (_, each) => this.record('plain', queue, 20 + each * 50, each)));
  }

  private prepare(): void {
    this.n++;
    const { n } = this;
    const { fact, message } = this.record(HALF_TOPIC, 0, this.size());
    const [place] = this.store.append([message], this.answered(n));
    if (!place || fact.is !== 'record') return;
    const { queueOffset: half, physicalOffset: at } = place;
    this.say({ say: 'op', n, at, facts: [placed(fact, place), { is: 'half', half, id: fact.id, at }] });
  }

  /** For what does not tell its place: a record after it in the same turn does. */
  private fenced(facts: readonly Fact[], act: (stored: (error?: Error) => void) => void): void {
    const { n } = this;
    act(this.answered(n));
    this.n++;
    const fence = this.record('fence', 0, 20);
    const [place] = this.store.append([fence.message], this.answered(this.n));
    const at = place?.physicalOffset ?? 0;
    this.say({ say: 'op', n, at: at - 1, facts });
    this.say({ say: 'op', n: this.n, at, facts: [placed(fence.fact, place)] });
  }

  /** Any one of a transaction's half messages stands for all of them. */
  private someTogether(): readonly HalfMessage[] {
    const all = this.store.halves.undecided(40);
    const half = all[this.random.below(all.length)];
    return half ? this.store.halves.together(half.halfOffset) : [];
  }

  private decide(): void {
    const { random, store } = this;
    const halves = this.someTogether();
    const named = halves[random.below(halves.length)];
    // some are never decided, so that retention carries them on
    if (!named || halves.some(({ halfOffset }) => halfOffset % 11 === 3)) return;
    this.n++;
    const kind = random.chance(0.7) ? 'commit' : 'rollback';
    const verdict = { kind, by: 'producer', at: this.clock.now() } as const;
    const facts: Fact[] = [];
    const finals = new Map<number, FinalMessage>();
    for (const [each, { halfOffset }] of halves.entries()) {
      facts.push({ is: 'verdict', half: halfOffset, kind });
      if (kind === 'rollback') continue;
      const late = random.chance(0.3);
      const [topic, queue] = late ? [WHEEL_TOPIC, 0] : ['final', halfOffset % 2];
      const { fact, message } = this.record(topic, queue, this.size(), each);
      facts.push(fact);
      if (late && fact.is === 'record') facts.push({ is: 'waits', id: fact.id });
      const deliverAt = late ? this.clock.now() + random.below(90_000) : undefined;
      finals.set(halfOffset, { ...message, deliverAt });
    }
    const finalOf = kind === 'commit' ? (half: HalfMessage) => finals.get(half.halfOffset) : undefined;
    this.fenced(facts, (stored) => void store.halves.decide(named.halfOffset, verdict, finalOf, stored));
  }

  private parkOrResume(): void {
    const { random, store } = this;
    const halves = this.someTogether();
    const [half] = halves;
    if (!half || random.chance(0.7)) return;
    this.n++;
    if (half.state === 'parked') {
      const facts = halves.map(({ halfOffset }): Fact => ({ is: 'resumed', half: halfOffset }));
      return this.fenced(facts, (stored) =>
        store.halves.resume(half.halfOffset, this.clock.now() + 1, stored),
      );
    }
    const pending = halves.filter(({ state }) => state === 'pending');
    const copies = pending.map((_, each) => this.record('parked', 0, 30, each));
    const copyOf = ({ halfOffset }: HalfMessage): NewMessage | undefined =>
      copies[pending.findIndex((each) => each.halfOffset === halfOffset)]?.message;
    const facts = copies.map(({ fact }) => fact);
    for (const { halfOffset } of pending) facts.push({ is: 'parked', half: halfOffset });
    this.fenced(facts, (stored) => void store.halves.park(half.halfOffset, copyOf, stored));
  }

  private delay(): void {
    this.n++;
    const { n, random } = this;
    const { fact, message } = this.record(WHEEL_TOPIC, 0, this.size());
    const deliverAt = this.clock.now() + random.below(random.chance(0.1) ? 900_000 : 20_000);
    const place = this.store.delayed.schedule(message, deliverAt, this.answered(n));
    if (fact.is !== 'record') return;
    const facts: Fact[] = [placed(fact, place), { is: 'waits', id: fact.id }];
    this.say({ say: 'op', n, at: place.physicalOffset, facts });
  }

  private deliver(): void {
    for (const due of this.store.delayed.due(this.clock.now(), 4)) {
      const record = this.store.recordAt(due.physicalOffset);
      if (!record) throw new Error(`what waits at ${due.physicalOffset} is not there`);
      this.n++;
      const { fact, message } = this.record('delivered', 0, 40);
      const facts: Fact[] = [fact, { is: 'delivered', id: idOf(decodeRecord(record).body) }];
      this.fenced(facts, (stored) => this.store.delayed.deliver(due, [message], stored));
    }
  }

  private set(): void {
    if (this.random.chance(0.5)) return;
    this.n++;
    const name = `topic${this.random.below(4)}`;
    if (this.random.chance(0.2)) {
      const facts: Fact[] = [{ is: 'setting', name }];
      return this.fenced(facts, (stored) => this.store.settings.delete('topic', name, stored));
    }
    const document = `document ${this.n}`;
    const facts: Fact[] = [{ is: 'setting', name, document }];
    this.fenced(facts, (stored) => this.store.settings.put('topic', name, document, stored));
  }

  private commitOffsets(): void {
    const queue = this.random.below(3);
    const offset = this.store.maxOffset('plain', queue);
    this.store.offsets.commit(GROUP, 'plain', queue, offset);
    this.say({ say: 'offset', group: GROUP, queue, offset });
  }

  private deleteTopic(): void {
    this.n++;
    this.fenced([{ is: 'deleted', topic: 'doomed' }], (stored) => this.store.deleteTopic('doomed', stored));
    if (this.random.chance(0.5)) this.sendOne();
  }
}

function placed(fact: Fact, place: Place | undefined): Fact {
  return fact.is === 'record' && place ? { ...fact, at: place.physicalOffset } : fact;
}

/** As a broker hands over what it does not look into. */
function plain(message: NewMessage): PlainMessage {
  const propertyBytes = Buffer.from(message.properties);
  const code = tagsCode(propertyOf(message.properties, 'TAGS'));
  return { ...message, propertyBytes, propertyAt: 0, propertyLength: propertyBytes.length, tagsCode: code };
}
