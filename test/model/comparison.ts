import { parseProperties, type MessageRecord } from '@halfmq/remoting';
import { OPERATOR, PARKED_TOPIC, TOPICS, type BrokerUnderTest, type EndAnswer } from './broker-under-test.js';
import { Violation, type LedgerModel, type Verdict } from './ledger-model.js';

export const UNKNOWN_HALF = 4;
export const GROUP_WRONG = 203;
export const ALREADY = { commit: 200, rollback: 201 } as const;
const WHAT = { commit: 'committed', rollback: 'rolled back' } as const;
const WHO = {
  producer: 'its producer',
  check: 'an answer to a check',
  operator: `operator ${OPERATOR}`,
} as const;

/** `first`: the verdict that is named by a refusal. */
export interface Expected {
  readonly code: number;
  readonly first?: Verdict;
}

export function compareAnswer(answer: EndAnswer | undefined, { code, first }: Expected): void {
  if (answer?.code !== code)
    throw new Violation(`answered with ${answer?.code} (${answer?.remark}), not with ${code}`);
  if (!first) return;
  const { kind, by, at } = first;
  const { remark, fields } = answer;
  const named = `${WHAT[kind]} by ${WHO[by]} at ${new Date(at).toISOString()}`;
  if (!remark.includes(named)) throw new Violation(`refused with "${remark}", not with "${named}"`);
  const { verdict, verdictBy, verdictAt } = fields;
  same('a refusal', [`${verdict} ${verdictBy} ${verdictAt}`], [`${kind} ${by} ${at}`]);
}

/** What consumers and the ledger show, beside what the model says. */
export class Comparison {
  /** bodies read so far */
  private readonly seen = new Map<string, string[]>(TOPICS.map((topic) => [topic, []]));
  /** half offsets of the copies in the topic of parked ones, in its order */
  readonly parked: number[] = [];
  private parkedBefore = 0;

  constructor(
    private readonly broker: BrokerUnderTest,
    private readonly model: LedgerModel,
  ) {}

  /** @param told half messages whose verdicts may be new */
  async after(told: Iterable<number>): Promise<void> {
    this.ledger();
    for (const id of told) this.verdict(id);
    await Promise.all(TOPICS.map((topic) => this.visible(topic)));
  }

  /** Reads everything again, from the first message on. */
  async again(): Promise<void> {
    for (const seen of this.seen.values()) seen.length = 0;
    this.parkedBefore = this.parked.splice(0).length;
    await this.parkings();
  }

  private ledger(): void {
    const told = this.model.undecided.map(({ id, parked }) => `${id} ${parked ? 'parked' : 'pending'}`);
    const shown = this.broker.undecided().map(({ halfOffset, state }) => `${halfOffset} ${state}`);
    same('undecided', shown, told);
  }

  private verdict(id: number): void {
    const { verdict } = this.model.of(id);
    const shown = this.broker.verdictOn(id);
    same(`the verdict on ${id}`, [verdictText(shown)], [verdictText(verdict)]);
  }

  private async visible(topic: string): Promise<void> {
    const seen = this.seen.get(topic) ?? [];
    const fresh = await this.broker.read(topic, seen.length);
    seen.push(...fresh.map(({ body }) => body.toString()));
    const told = this.model.visible(topic);
    same(`seen in ${topic}`, seen, told);
  }

  /** Copies that came since the last look; of those read again the model knows. */
  async parkings(): Promise<void> {
    const copies = (await this.broker.read(PARKED_TOPIC, this.parked.length)).map(parkedCopy);
    const known = Math.max(0, this.parkedBefore - this.parked.length);
    this.model.shownAsParked(copies.slice(known), this.broker.now);
    this.parked.push(...copies.map(({ id }) => id));
  }
}

function parkedCopy(record: MessageRecord): { id: number; times: number } {
  const properties = parseProperties(record.properties);
  return {
    id: Number(properties.get('TRAN_PREPARED_QUEUE_OFFSET')),
    times: Number(properties.get('TRANSACTION_CHECK_TIMES')),
  };
}

function verdictText(verdict: Verdict | undefined): string {
  return verdict ? `${verdict.kind} by ${verdict.by} at ${verdict.at}` : 'none';
}

function same(what: string, shown: readonly string[], told: readonly string[]): void {
  if (shown.length === told.length && shown.every((one, at) => one === told[at])) return;
  const only = (ones: readonly string[], others: readonly string[]): string =>
    ones.filter((one, at) => one !== others[at]).join(', ');
  throw new Violation(`${what}: [${only(shown, told)}], in the model [${only(told, shown)}]`);
}
