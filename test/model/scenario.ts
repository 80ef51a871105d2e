import type { SentHalf } from '../kit/wire-client.js';
import { FLAG, GROUP_OF_PRODUCER, IMMUNITY_MS, TOPICS, type BrokerUnderTest } from './broker-under-test.js';
import { compareAnswer } from './comparison.js';
import { Violation, type Kind } from './ledger-model.js';
import { Life } from './life.js';
import type { Flight, Step, StepOf } from './steps.js';
import { setClock, wait } from './time-steps.js';
import { answerCheck, end, endWrong, operate, race } from './verdict-steps.js';

const DELAYED_TOPIC = 'later';
const DELAY_MS = 2_000;

/** Steps done to a broker and to the model, and both compared after each. */
export class Scenario {
  private readonly life: Life;
  private bodies = 0;
  done = 0;

  constructor(private readonly broker: BrokerUnderTest) {
    this.life = new Life(broker);
  }

  /** @throws Violation naming the step */
  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.compared(JSON.stringify(step), () => this.take(step));
    await this.compared('the end', () => this.end());
  }

  close(): Promise<void> {
    return this.broker.close();
  }

  private async compared(what: string, act: () => Promise<void>): Promise<void> {
    const { told, comparison } = this.life;
    told.clear();
    try {
      await act();
      await comparison.after(told);
      this.done++;
    } catch (error) {
      const reason = error instanceof Violation ? error.message : String((error as Error).stack);
      throw new Violation(`step ${this.done + 1}, ${what}: ${reason}`, { cause: error });
    }
  }

  private async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'prepare':
        return this.prepare(step);
      case 'end':
        return end(this.life, step);
      case 'endWrong':
        return endWrong(this.life, step);
      case 'race':
        return race(this.life, step);
      case 'answerCheck':
        return answerCheck(this.life, step);
      case 'operate':
        return operate(this.life, step);
      case 'resume':
        return this.resume(step.copy);
      case 'connect':
        return this.connect(step);
      case 'disconnect':
        return this.disconnect(step.producer);
      case 'wait':
        return wait(this.life, step.ms);
      case 'setClock':
        return setClock(this.life, step.byMs);
      case 'restart':
        return this.restart();
      case 'kill':
        return this.kill(step);
    }
  }

  private async prepare({ producer, immunityS, ...step }: StepOf<'prepare'>): Promise<void> {
    const { life, broker } = this;
    const group = GROUP_OF_PRODUCER[producer] ?? '';
    const topic = TOPICS[step.topic] ?? '';
    const transaction = step.transaction === undefined ? undefined : `tx-${step.transaction}`;
    const body = `m${++this.bodies}`;
    const delayMs = topic === DELAYED_TOPIC ? DELAY_MS : 0;
    const properties = {
      ...(immunityS !== undefined && { CHECK_IMMUNITY_TIME_IN_SECONDS: String(immunityS) }),
      ...(transaction && { HALFMQ_TX: transaction }),
      ...(delayMs && { TIMER_DELAY_MS: String(delayMs) }),
    };
    const half = await broker.prepare(producer, { topic, body, properties });
    life.prepared(half);
    const immunityMs = immunityS === undefined ? IMMUNITY_MS : immunityS * 1000;
    const prepared = { id: half.halfOffset, group, transaction, topic, body, immunityMs, delayMs };
    life.model.prepared(prepared, broker.now);
    const sender = life.senders.get(producer) ?? { group, declared: undefined, sent: new Set<string>() };
    life.senders.set(producer, sender);
    sender.sent.add(topic);
  }

  /** By an operator, who sees the copies of parked ones. */
  private async resume(copy: number): Promise<void> {
    const { comparison, model } = this.life;
    const nth = comparison.parked.length === 0 ? copy : copy % comparison.parked.length;
    const id = comparison.parked[nth];
    const expected = id !== undefined && model.resumed(id, this.broker.now) ? 0 : 1;
    const code = await this.broker.resume(nth);
    if (code !== expected)
      throw new Violation(`resuming ${id} is answered with ${code}, not with ${expected}`);
  }

  private async connect({ producer, declares }: StepOf<'connect'>): Promise<void> {
    const { senders } = this.life;
    const sent = senders.get(producer)?.sent ?? new Set<string>();
    await this.broker.connect(producer, declares);
    const group = GROUP_OF_PRODUCER[producer] ?? '';
    senders.set(producer, { group, declared: declares && new Set(declares), sent });
  }

  private async disconnect(producer: number): Promise<void> {
    this.life.senders.delete(producer);
    await this.broker.disconnect(producer);
  }

  private async restart(): Promise<void> {
    await this.broker.restart();
    await this.reopened(false);
  }

  /** What was answered before the kill has happened; of the rest each verdict has, or has not. */
  private async kill({ flying: flights, turns }: StepOf<'kill'>): Promise<void> {
    const flying = this.flying(flights);
    const codes = await this.broker.kill(flying, turns);
    for (const [at, { half, kind }] of flying.entries()) {
      const code = codes[at];
      if (code === undefined && !this.broker.verdictOn(half.halfOffset)) continue;
      const expected = this.life.answerTo(half.halfOffset, kind, 'producer');
      if (code !== undefined && code !== expected.code)
        throw new Violation(`answered with ${code} before the kill, not with ${expected.code}`);
    }
    await this.reopened(true);
  }

  /** One verdict for each of these transactions. */
  private flying(flights: readonly Flight[]): { half: SentHalf; kind: Kind; commitOrRollback: number }[] {
    const { model } = this.life;
    const flying = new Map<number, { half: SentHalf; kind: Kind; commitOrRollback: number }>();
    for (const { half: pick, kind } of flights) {
      const half = this.life.pick(pick);
      if (!half) continue;
      const [oldest] = model.together(model.of(half.halfOffset));
      flying.set(oldest?.id ?? half.halfOffset, { half, kind, commitOrRollback: FLAG[kind] });
    }
    return [...flying.values()];
  }

  private async reopened(killed: boolean): Promise<void> {
    const { senders, model } = this.life;
    for (const { sent } of senders.values()) sent.clear();
    for (const { halfOffset, state, checks, nextCheckAt: next } of this.broker.undecided()) {
      const known = { parked: state === 'parked', checks, next };
      model.reopened(halfOffset, known, { now: this.broker.now, killed });
    }
    await this.compareAll();
  }

  private compareAll(): Promise<void> {
    this.life.tellAll();
    return this.life.comparison.again();
  }

  /** Whatever is left can be decided, and then everything reads as it should from the first message on. */
  private async end(): Promise<void> {
    for (const { id } of this.life.model.undecided) {
      const half = this.life.half(id);
      if (!half) continue;
      const answer = await this.broker.end(0, this.broker.verdict(half, FLAG.commit));
      compareAnswer(answer, this.life.answerTo(half.halfOffset, 'commit', 'producer'));
    }
    await wait(this.life, DELAY_MS);
    await this.compareAll();
  }
}
