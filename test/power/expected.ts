import type { Fact, Op } from './promises.js';

export interface ExpectedRecord {
  readonly id: string;
  readonly size: number;
  /** of the op it belongs to: not before the record's own, and in the same segment */
  readonly opAt: number;
  readonly at: number | undefined;
}

export interface ExpectedHalf {
  readonly id: string;
  readonly at: number;
  readonly state: 'pending' | 'parked';
}

/** The one state a log's ops lead to. */
export class Expected {
  /** topic → queue → records, from offset 0 on */
  readonly queues = new Map<string, Map<number, ExpectedRecord[]>>();
  readonly deletedTopics = new Set<string>();
  readonly halves = new Map<number, ExpectedHalf>();
  readonly verdicts = new Map<number, 'commit' | 'rollback'>();
  readonly waiting = new Set<string>();
  readonly settings = new Map<string, string>();

  constructor(ops: readonly Op[]) {
    for (const op of ops) for (const fact of op.facts) this.apply(fact, op.at);
  }

  private apply(fact: Fact, opAt: number): void {
    switch (fact.is) {
      case 'record': {
        const { topic, queue, id, size, at } = fact;
        this.queue(topic, queue).push({ id, size, opAt, at });
        return;
      }
      case 'half':
        this.halves.set(fact.half, { id: fact.id, at: fact.at, state: 'pending' });
        return;
      case 'verdict':
        this.halves.delete(fact.half);
        this.verdicts.set(fact.half, fact.kind);
        return;
      case 'parked':
      case 'resumed':
        return this.park(fact.half, fact.is === 'parked' ? 'parked' : 'pending');
      case 'waits':
        this.waiting.add(fact.id);
        return;
      case 'delivered':
        this.waiting.delete(fact.id);
        return;
      case 'setting':
        if (fact.document === undefined) this.settings.delete(fact.name);
        else this.settings.set(fact.name, fact.document);
        return;
      case 'deleted':
        this.queues.delete(fact.topic);
        this.deletedTopics.add(fact.topic);
        return;
      default:
        return fact satisfies never;
    }
  }

  private queue(topic: string, queueId: number): ExpectedRecord[] {
    const queues = this.queues.get(topic) ?? new Map<number, ExpectedRecord[]>();
    this.queues.set(topic, queues);
    const records = queues.get(queueId) ?? [];
    queues.set(queueId, records);
    return records;
  }

  private park(half: number, state: 'pending' | 'parked'): void {
    const found = this.halves.get(half);
    if (found) this.halves.set(half, { ...found, state });
  }
}
