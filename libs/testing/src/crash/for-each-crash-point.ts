import { inspect, isDeepStrictEqual } from 'node:util';
import type { TestBroker, TestBrokerOptions } from '../test-broker.js';
import { Life } from './life.js';
import { describe, type CrashPoint } from './passes.js';
import type { Act, Scenario } from './scenario.js';
import { Stage, type Remains } from './stage.js';

const LASTS = '1h';

/** One time the scenario was played. */
interface Played {
  readonly outcome: unknown;
  readonly passed: readonly CrashPoint[];
  /** the act that was under way at the crash, by its place */
  readonly interrupted: number | undefined;
  readonly report: string;
  readonly seed: number;
}

interface How {
  readonly killAt?: CrashPoint;
  /** this act is left out */
  readonly without?: number;
}

/** After a crash things are not as they are without one. */
export class OutcomeDiffers extends Error {
  override readonly name = 'OutcomeDiffers';

  constructor(
    readonly at: CrashPoint,
    readonly expected: readonly unknown[],
    readonly actual: unknown,
    report: string,
  ) {
    const shown = (value: unknown): string => inspect(value, { depth: 8, breakLength: 100, sorted: true });
    super(
      [
        `after a crash at ${describe(at)} the outcome is\n${shown(actual)}`,
        `and must be\n${expected.map(shown).join('\nor, if what was interrupted has not happened,\n')}`,
        report,
      ].join('\n'),
    );
  }
}

/**
 * Plays the scenario once, and then again with a crash at every step it has passed: at that instant the store's folder is
 * copied, the services and the broker lose every connection, to the database too, and never run again; others start on
 * the copy, and the remaining acts follow. In the end database and messages must be as without the crash. An act that was
 * interrupted may also not have happened at all, as for a caller who never got an answer.
 * @returns the steps
 * @throws OutcomeDiffers at the first step after which it is otherwise, with what happened; what an act throws without a
 *   crash
 */
export async function forEachCrashPoint<App>(scenario: Scenario<App>): Promise<readonly CrashPoint[]> {
  const unwatch = Life.watch();
  try {
    const whole = await new Rehearsal(scenario, scenario.broker ?? {}).play();
    const rehearsal = new Rehearsal(scenario, seeded(scenario.broker, whole.seed));
    for (const killAt of whole.passed) {
      const played = await rehearsal.play({ killAt });
      if (isDeepStrictEqual(played.outcome, whole.outcome)) continue;
      const { interrupted } = played;
      const expected = [whole.outcome];
      if (interrupted !== undefined) expected.push(await rehearsal.outcomeWithout(interrupted));
      if (expected.some((outcome) => isDeepStrictEqual(played.outcome, outcome))) continue;
      throw new OutcomeDiffers(killAt, expected, played.outcome, played.report);
    }
    return whole.passed;
  } finally {
    unwatch();
  }
}

/** The order of deliveries is the same each time. */
function seeded(options: TestBrokerOptions = {}, seed: number): TestBrokerOptions {
  const { hostile = true } = options;
  if (hostile === false) return options;
  return { ...options, hostile: { ...(typeof hostile === 'object' ? hostile : {}), seed } };
}

class Rehearsal<App> {
  private readonly acts: readonly Act<App>[];
  private readonly outcomes = new Map<number, unknown>();

  constructor(
    private readonly scenario: Scenario<App>,
    private readonly options: TestBrokerOptions,
  ) {
    const { act } = scenario;
    this.acts = typeof act === 'function' ? [act] : act;
  }

  async outcomeWithout(act: number): Promise<unknown> {
    if (!this.outcomes.has(act)) this.outcomes.set(act, (await this.play({ without: act })).outcome);
    return this.outcomes.get(act);
  }

  async play(how: How = {}): Promise<Played> {
    await this.scenario.reset?.();
    const stages = [await Stage.open(this.scenario, this.options)];
    try {
      return await this.playOn(stages, how);
    } finally {
      // the one that lives first: those that were killed cannot disturb it
      for (const stage of stages.reverse()) await stage.close();
    }
  }

  private async playOn(stages: Stage<App>[], { killAt, without }: How): Promise<Played> {
    const [first] = stages;
    let stage = first as Stage<App>;
    let interrupted: number | undefined;
    stage.watch(killAt);
    const { passed } = stage;
    const goOn = async (remains: Remains | undefined): Promise<boolean> => {
      if (!remains) return false;
      stage = await Stage.open(this.scenario, this.options, remains);
      stages.push(stage);
      return true;
    };
    for (const [index, act] of this.acts.entries()) {
      if (index === without) continue;
      // what builds on an act that did not happen may fail: the outcome counts
      const builds = without !== undefined || interrupted !== undefined;
      if (await goOn(await stage.during(builds ? tolerant(act) : act))) interrupted = index;
      await goOn(await stage.during((_app, broker) => broker.settle()));
    }
    const lasts = this.scenario.lasts ?? LASTS;
    const live = (): Promise<Remains | undefined> => stage.during((_app, broker) => broker.advance(lasts));
    if (await goOn(await live())) await live();
    return {
      outcome: { outcome: await stage.outcome(), delivered: deliveredAt(stage.broker) },
      passed: [...passed],
      interrupted,
      report: stage.broker.report(
        stages.length > 1 ? `${first?.broker.timeline() || 'nothing'}\n--- crash ---\n` : '',
      ),
      seed: stage.broker.seed,
    };
  }
}

function tolerant<App>(act: Act<App>): Act<App> {
  return async (app, broker) => act(app, broker).catch(() => undefined);
}

/** How many messages consumers can see in each topic; one that was stored twice under its id counts once. */
function deliveredAt(broker: TestBroker): Record<string, number> {
  const counts = broker.topics.map((topic) => {
    const ids = new Set(broker.delivered(topic).map(({ messageId }) => messageId));
    return [topic, ids.size] as const;
  });
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}
