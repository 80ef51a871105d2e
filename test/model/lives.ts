import fc from 'fast-check';
import { BrokerUnderTest } from './broker-under-test.js';
import { Scenario } from './scenario.js';
import { steps, type Shares, type Step } from './steps.js';

const STEPS_A_LIFE = 600;
/** Every so many lives there is a door for operators. */
const WITH_OPERATORS = 4;
/** A failure is made shorter for so long. */
const SHRINKING_MS = 60_000;

export interface LifeOptions {
  readonly start?: () => Promise<BrokerUnderTest>;
  readonly most?: number;
  readonly shares?: Partial<Shares>;
  /** whether a failure is to be made shorter */
  readonly shrink?: boolean;
}

export interface Lived {
  readonly seed: number;
  /** steps done, those of shrinking included */
  readonly done: number;
  readonly failure?: { readonly message: string; readonly steps: readonly Step[] };
}

/** One broker from its start to its end, and everything that is done to it: all of it follows from the seed. */
export async function live(seed: number, options: LifeOptions = {}): Promise<Lived> {
  const {
    start = () => BrokerUnderTest.start(seed % WITH_OPERATORS === 0),
    most = STEPS_A_LIFE,
    shares,
    shrink = true,
  } = options;
  let done = 0;
  const property = fc.asyncProperty(steps(most, shares), async (all) => {
    const scenario = new Scenario(await start());
    try {
      await scenario.run(all);
    } finally {
      done += scenario.done;
      await scenario.close();
    }
  });
  const result = await fc.check(property, {
    seed,
    numRuns: 1,
    unbiased: true,
    endOnFailure: !shrink,
    interruptAfterTimeLimit: SHRINKING_MS,
  });
  if (!result.failed) return { seed, done };
  const { errorInstance, counterexample } = result;
  const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  const [, last = Infinity] = /^step (\d+)/.exec(message) ?? [];
  return { seed, done, failure: { message, steps: counterexample?.[0].slice(0, Number(last)) ?? [] } };
}
