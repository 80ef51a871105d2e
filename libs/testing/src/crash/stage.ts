import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, within } from '@halfmq/remoting';
import { TestBroker, type TestBrokerOptions } from '../test-broker.js';
import { Life } from './life.js';
import { Passes, type CrashPoint } from './passes.js';
import type { Scenario } from './scenario.js';

/** For what a killed service still tries to do; it can reach nobody. */
const FUNERAL_MS = 2_000;

/** What a killed broker has left: its store as it was in that moment, and the time it was. */
export interface Remains {
  readonly store: string;
  readonly startAt: number;
}

/** A broker and the services of a scenario, alive until they are closed, or killed at a point. */
export class Stage<App> {
  private passes: Passes | undefined;
  private remains: Remains | undefined;
  private tellKilled: () => void = () => undefined;
  private readonly killed = new Promise<void>((resolve) => (this.tellKilled = resolve));

  private constructor(
    private readonly scenario: Scenario<App>,
    private readonly life: Life,
    readonly broker: TestBroker,
    readonly app: App,
  ) {}

  /** @param remains what it begins with; undefined: nothing */
  static async open<App>(
    scenario: Scenario<App>,
    options: TestBrokerOptions,
    remains?: Remains,
  ): Promise<Stage<App>> {
    const life = new Life();
    return life.run(async () => {
      const broker = await TestBroker.start(
        { ...options, startAt: remains?.startAt ?? options.startAt },
        remains?.store,
      );
      try {
        const stage = new Stage(scenario, life, broker, await scenario.start(broker));
        await broker.settle();
        return stage;
      } catch (error) {
        await broker.close();
        throw error;
      }
    });
  }

  /** From now on passes are counted. @param killAt the one at which all of it dies */
  watch(killAt?: CrashPoint): void {
    this.passes = new Passes(this.life, this.broker.folder, killAt, () => this.kill());
  }

  get passed(): readonly CrashPoint[] {
    return this.passes?.seen ?? [];
  }

  /** Lets something happen. @returns what was left, when it was killed meanwhile */
  async during(work: (app: App, broker: TestBroker) => Promise<unknown>): Promise<Remains | undefined> {
    const done = this.life.run(async () => work(this.app, this.broker));
    // after the kill nobody hears how it ends
    done.catch(() => undefined);
    await Promise.race([done, this.killed]);
    return this.remains;
  }

  outcome(): Promise<unknown> {
    return this.life.run(async () => this.scenario.outcome(this.app, this.broker));
  }

  /** Never rejects for one that was killed. */
  async close(): Promise<void> {
    this.passes?.stop();
    const closing = this.life.run(() => this.broker.close());
    if (!this.remains) return closing;
    const closed = closing.catch(() => undefined);
    await within(systemClock, FUNERAL_MS, closed);
  }

  /** Inside of the step that is passed: what comes after it in that turn finds nothing to act upon. */
  private kill(): void {
    const store = mkdtempSync(join(tmpdir(), 'halfmq-crash-'));
    cpSync(this.broker.folder, store, { recursive: true });
    this.remains = { store, startAt: this.broker.clock.now() };
    this.life.end();
    this.broker.stop();
    this.tellKilled();
  }
}
