import type { ReceivedCheck, SentHalf } from '../kit/wire-client.js';
import { CHECKS, INTERVAL_MS, type BrokerUnderTest } from './broker-under-test.js';
import { ALREADY, Comparison, type Expected } from './comparison.js';
import { LedgerModel, type Kind, type Producer, type Verdict } from './ledger-model.js';
import type { Pick } from './steps.js';

export interface Sender extends Producer {
  readonly sent: Set<string>;
}

/** One life of a broker and of the model beside it: what the steps of a scenario share. */
export class Life {
  readonly model = new LedgerModel({ checks: CHECKS, intervalMs: INTERVAL_MS });
  readonly comparison: Comparison;
  readonly sent: SentHalf[] = [];
  private readonly byId = new Map<number, SentHalf>();
  /** connected producers */
  readonly senders = new Map<number, Sender>();
  /** every check that came */
  readonly checks: ReceivedCheck[] = [];
  /** halves of which a verdict was said in this step */
  readonly told = new Set<number>();

  constructor(readonly broker: BrokerUnderTest) {
    this.comparison = new Comparison(broker, this.model);
  }

  pick({ nth, among }: Pick): SentHalf | undefined {
    const { undecided } = this.model;
    if (among === 'all' || undecided.length === 0) return this.sent[nth % this.sent.length];
    return this.half(undecided[nth % undecided.length]?.id ?? NaN);
  }

  half(id: number): SentHalf | undefined {
    return this.byId.get(id);
  }

  prepared(half: SentHalf): void {
    this.sent.push(half);
    this.byId.set(half.halfOffset, half);
  }

  /** What the model answers to a verdict that is said now. */
  answerTo(id: number, kind: Kind | 'unknown', by: Verdict['by']): Expected {
    if (kind === 'unknown') return { code: 0 };
    for (const half of this.model.together(this.model.of(id))) this.told.add(half.id);
    const first = this.model.ended(id, { kind, by, at: this.broker.now });
    if (!first || first.kind === kind) return { code: 0 };
    return { code: ALREADY[first.kind], first };
  }

  tellAll(): void {
    for (const { halfOffset } of this.sent) this.told.add(halfOffset);
  }
}
