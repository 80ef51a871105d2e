import { bodyCrc, decodeRecord, decodeRecords, type MessageRecord } from '@halfmq/remoting/record';
import type { MessageStore } from '@halfmq/store';
import { idOf, isWhole } from './bodies.js';
import { Expected, type ExpectedRecord } from './expected.js';
import type { Promises } from './promises.js';
import { GROUP, HALF_TOPIC } from './workload.js';

const MOST = 1_000_000;
const STORE_TOPICS = [
  ['rmq_sys_halfmq_state', 0],
  ['rmq_sys_halfmq_state', 1],
  ['RMQ_SYS_TRANS_OP_HALF_TOPIC', 0],
] as const;

/** Everything that is wrong with an opened store, given what it was told and what it promised. */
export async function problemsOf(store: MessageStore, promises: Promises): Promise<string[]> {
  return new Check(store, promises).run();
}

class Check {
  private readonly problems: string[] = [];
  private readonly expected: Expected;
  private readonly begin: number;

  constructor(
    private readonly store: MessageStore,
    private readonly promises: Promises,
  ) {
    const end = store.maxPhysicalOffset;
    if (end <= promises.promised) this.say(`lost: the log ends at ${end}, promised was ${promises.promised}`);
    this.begin = store.minPhysicalOffset;
    this.expected = new Expected(promises.within(end));
  }

  private say(problem: string): void {
    if (this.problems.length < 10) this.problems.push(problem);
  }

  async run(): Promise<string[]> {
    for (const [topic, queues] of this.expected.queues) {
      for (const [queue, records] of queues) this.queue(topic, queue, records);
    }
    for (const topic of this.expected.deletedTopics) this.deleted(topic);
    for (const [topic, queue] of STORE_TOPICS) this.read(topic, queue);
    this.transactions();
    this.delayed();
    this.settings();
    this.offsets();
    await this.keys();
    return this.problems;
  }

  private queue(topic: string, queue: number, expected: readonly ExpectedRecord[]): void {
    const { store } = this;
    const name = `${topic}:${queue}`;
    const [min, max] = [store.minOffset(topic, queue), store.maxOffset(topic, queue)];
    if (max !== expected.length) this.say(`${name} ends at ${max}, not ${expected.length}`);
    const gone = expected.filter(({ opAt }) => opAt < this.begin).length;
    if (min !== gone) this.say(`${name} begins at ${min}, not ${gone}`);
    for (const { record, offset } of this.read(topic, queue)) {
      const wanted = expected[offset];
      const id = idOf(record.body);
      if (!wanted) this.say(`${name} has ${id} at ${offset}, where nothing was`);
      else if (id !== wanted.id) this.say(`${name} has ${id} at ${offset}, not ${wanted.id}`);
      else if (record.body.length !== Math.max(wanted.size, `${id} ${wanted.size} `.length))
        this.say(`${name} has ${id} with ${record.body.length} bytes`);
      else if (wanted.at !== undefined && wanted.at !== record.physicalOffset)
        this.say(`${name} has ${id} at physical ${record.physicalOffset}, not ${wanted.at}`);
      if (!isWhole(record.body)) this.say(`${name} has ${id} with another body`);
    }
  }

  /** Reads a queue from end to end: no gap, no record of another queue, every checksum right. */
  private read(topic: string, queue: number): { record: MessageRecord; offset: number }[] {
    const { store } = this;
    const found: { record: MessageRecord; offset: number }[] = [];
    const name = `${topic}:${queue}`;
    const max = store.maxOffset(topic, queue);
    let offset = store.minOffset(topic, queue);
    while (offset < max) {
      const result = store.read(topic, queue, offset, { maxMessages: 500, maxBytes: 4_000_000 });
      if (result.count === 0) {
        this.say(`${name} has a gap at ${offset}: ${result.status}, ${result.nextOffset} of ${max}`);
        break;
      }
      for (const record of result.records.flatMap((piece) => decodeRecords(piece))) {
        this.whole(name, record, offset);
        if (record.topic !== topic || record.queueId !== queue) this.say(`${name} serves another's record`);
        found.push({ record, offset });
        offset++;
      }
    }
    return found;
  }

  private whole(name: string, record: MessageRecord, offset: number): void {
    if (record.queueOffset !== offset)
      this.say(`${name} has ${record.queueOffset} where ${offset} should be`);
    if (bodyCrc(record.body) !== record.bodyCrc) this.say(`${name} has a corrupt body at ${offset}`);
  }

  /** Some messages are found by their key. */
  private async keys(): Promise<void> {
    const { store } = this;
    const records = this.expected.queues.get('plain')?.get(0) ?? [];
    for (const part of [0, 0.4, 0.8, 1]) {
      const wanted = records[Math.floor(part * (records.length - 1))];
      if (!wanted || wanted.opAt < this.begin) continue;
      const range = { from: 0, to: Number.MAX_SAFE_INTEGER };
      const [found] = await store.query('plain', wanted.id, range, { maxMessages: 2, maxBytes: MOST });
      if (!found || idOf(decodeRecord(found).body) !== wanted.id)
        this.say(`${wanted.id} is not found by its key`);
    }
  }

  private deleted(topic: string): void {
    const living = this.expected.queues.get(topic);
    for (let queue = 0; queue < 3; queue++) {
      if (!living?.has(queue) && this.store.maxOffset(topic, queue) > 0)
        this.say(`deleted ${topic} is there`);
    }
  }

  private transactions(): void {
    const { store, expected } = this;
    const found = new Map(store.halves.undecided(MOST).map((half) => [half.halfOffset, half]));
    for (const [half, { id, at, state }] of expected.halves) {
      const there = found.get(half);
      if (!there)
        this.say(`half message ${half} is not undecided: ${JSON.stringify(store.halves.find(half))}`);
      else if (there.state !== state) this.say(`half message ${half} is ${there.state}, not ${state}`);
      this.carried(at, id);
    }
    for (const half of found.keys()) {
      if (!expected.halves.has(half)) this.say(`half message ${half} is undecided`);
    }
    const named = store.minOffset(HALF_TOPIC, 0);
    for (const [half, kind] of expected.verdicts) {
      const verdict = store.halves.find(half)?.verdict?.kind;
      if (verdict !== kind && (half >= named || verdict))
        this.say(`half message ${half}: ${verdict}, not ${kind}`);
    }
  }

  /** What is owed is found under its name, wherever its record lies now. */
  private carried(at: number, id: string): void {
    const record = this.store.recordAt(at);
    if (!record) this.say(`${id} is owed and not found at ${at}`);
    else if (idOf(decodeRecord(record).body) !== id) this.say(`${id} is owed, something else lies at ${at}`);
  }

  private delayed(): void {
    const { store, expected } = this;
    const found = new Set<string>();
    if (store.delayed.waiting !== expected.waiting.size)
      this.say(`${store.delayed.waiting} messages wait, not ${expected.waiting.size}`);
    // taken away from the store by asking: nothing is delivered by this one
    for (const { physicalOffset } of store.delayed.due(Number.MAX_SAFE_INTEGER, MOST)) {
      const record = store.recordAt(physicalOffset);
      if (record) found.add(idOf(decodeRecord(record).body));
      else this.say(`what waits at ${physicalOffset} is not found`);
    }
    for (const id of expected.waiting) if (!found.has(id)) this.say(`${id} does not wait any more`);
    for (const id of found) if (!expected.waiting.has(id)) this.say(`${id} waits`);
  }

  private settings(): void {
    const found = this.store.settings.all('topic');
    for (const [name, document] of this.expected.settings) {
      if (found.get(name) !== document) this.say(`setting ${name} is ${found.get(name)}, not ${document}`);
    }
    if (found.size !== this.expected.settings.size) this.say(`${found.size} settings`);
  }

  private offsets(): void {
    for (const [queue, committed] of this.promises.offsets) {
      const found = this.store.offsets.query(GROUP, 'plain', queue);
      if (found !== undefined && !committed.includes(found)) this.say(`offset ${found} was never committed`);
      const surely = this.promises.surely.get(queue);
      if (surely !== undefined && (found ?? -1) < surely) this.say(`offset ${found} is before ${surely}`);
    }
  }
}
