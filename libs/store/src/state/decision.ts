import {
  formatProperties,
  hostLength,
  SysFlag,
  type Host,
  type MessageRecord,
  type RecordView,
} from '@halfmq/remoting/record';
import type {
  ByOperator,
  LeaseRow,
  NewMessage,
  PlainMessage,
  SettingKind,
  Verdict,
} from '../message-store.js';
import { OP_TOPIC, STATE_TOPIC } from '../system-topics.js';
import { PlainVerdict } from './plain-verdict.js';

/*
 * Decisions as records. In STATE_TOPIC, queue 0, tag = type, body = the decision as JSON; in queue 1, tag carried,
 * body = a record that was still owed when its segment was unlinked. A verdict is a record of
 * RocketMQ's op topic: tag d, body = the half offsets decided by it, each with a comma behind it, and ours in property
 * HALFMQ_VERDICT (JSON).
 */
export type Decision =
  | {
      readonly type: 'setting';
      readonly kind: SettingKind;
      readonly name: string;
      readonly document: string | null;
    }
  | { readonly type: 'delivered'; readonly deliverAt: number; readonly physicalOffset: number }
  | { readonly type: 'parked'; readonly halfOffset: number }
  | ({
      readonly type: 'resumed';
      readonly halfOffset: number;
      readonly nextCheckAt: number;
    } & Partial<ByOperator>)
  | { readonly type: 'topic-deleted'; readonly topic: string }
  /** the whole of them, and what changed since they were logged last */
  | {
      readonly type: 'offsets' | 'offsets-changed';
      readonly groups: readonly GroupOffsets[];
      /** not in records of versions that knew none */
      readonly leases?: readonly LeaseRow[];
    };

/** group, topic, then queue id and offset in turn */
export type GroupOffsets = readonly [string, string, readonly number[]];

/** Queue of STATE_TOPIC whose bodies are records carried forward. */
export const CARRIED_QUEUE = 1;
const VERDICT = 'HALFMQ_VERDICT';

/** Makes the store's own messages. */
export class DecisionWriter {
  /** the verdict that `plain` says */
  private said: Verdict | undefined;
  private plain: PlainVerdict | undefined;

  constructor(
    private readonly storeHost: Host,
    private readonly now: () => number,
  ) {}

  decision(decision: Decision): NewMessage {
    const body = Buffer.from(JSON.stringify(decision));
    return this.message(STATE_TOPIC, body, formatProperties([['TAGS', decision.type]]));
  }

  /** One for all that it decides, so that no cut log has half of it. */
  verdict(halfOffsets: readonly number[], verdict: Verdict): NewMessage {
    const properties = `TAGS\u0001d\u0002${VERDICT}\u0001${verdictText(verdict)}\u0002`;
    return this.message(OP_TOPIC, Buffer.from(`${halfOffsets.join(',')},`), properties);
  }

  /** On one half message, without a reason, as bytes: `verdict`'s record. Good until the next one. */
  plainVerdict(halfOffset: number, verdict: Verdict): PlainMessage {
    const { said, plain } = this;
    if (plain && verdict.kind === said?.kind && verdict.by === said.by && verdict.at === said.at)
      return plain.of(halfOffset);
    this.said = verdict;
    return (this.plain = new PlainVerdict(this.verdict([halfOffset], verdict)));
  }

  /** A record made of this one's bytes has room for this store's host. */
  isOfOurHost({ sysFlag }: RecordView): boolean {
    return hostLength(sysFlag, SysFlag.STORE_HOST_V6) === this.storeHost.address.length + 4;
  }

  /** A record that is still owed, whole and as it was, in queue 1 of STATE_TOPIC. */
  carried(record: Buffer): NewMessage {
    return this.message(STATE_TOPIC, record, formatProperties([['TAGS', 'carried']]), CARRIED_QUEUE);
  }

  private message(topic: string, body: Buffer, properties: string, queueId = 0): NewMessage {
    return {
      topic,
      queueId,
      flag: 0,
      sysFlag: 0,
      bornTimestamp: this.now(),
      bornHost: this.storeHost,
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body,
      properties,
    };
  }
}

/** As JSON.stringify writes it, which is asked only for reasons and names: those are people's. */
function verdictText(verdict: Verdict): string {
  if (verdict.reason !== undefined || verdict.operator !== undefined) return JSON.stringify(verdict);
  return `{"kind":"${verdict.kind}","by":"${verdict.by}","at":${verdict.at}}`;
}

export function readDecision(record: MessageRecord): Decision {
  return JSON.parse(record.body.toString('utf8')) as Decision;
}

/** Half offsets and verdict of an op record; undefined for one that carries no verdict of ours. */
export function readVerdict(
  record: MessageRecord,
  properties: ReadonlyMap<string, string>,
): { halfOffsets: number[]; verdict: Verdict } | undefined {
  const verdict = properties.get(VERDICT);
  const halfOffsets = record.body
    .toString('latin1')
    .split(',')
    .filter((text) => /^\d+$/.test(text))
    .map(Number);
  if (!verdict || halfOffsets.length === 0) return undefined;
  return { halfOffsets, verdict: JSON.parse(verdict) as Verdict };
}
