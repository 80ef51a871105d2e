import fc from 'fast-check';
import { GROUP_OF_PRODUCER, TOPICS } from './broker-under-test.js';
import type { Kind } from './ledger-model.js';

/** Which one of those that are there; what there is depends on the steps before. */
export interface Pick {
  readonly nth: number;
  readonly among: 'undecided' | 'all';
}

/** Something about an END that does not fit the half message it names. */
export type Wrong = 'group' | 'halfOffset' | 'physicalOffset' | 'key';

export interface Contender {
  readonly kind: Kind;
  readonly fromCheck: boolean;
}

/** What somebody does. */
export type Step =
  | {
      readonly do: 'prepare';
      readonly producer: number;
      readonly topic: number;
      readonly immunityS: number | undefined;
      readonly transaction: number | undefined;
    }
  | {
      readonly do: 'end';
      readonly half: Pick;
      readonly verdict: Kind | 'unknown';
      readonly fromCheck: boolean;
      readonly oneWay: boolean;
      readonly times: number;
    }
  | { readonly do: 'endWrong'; readonly half: Pick; readonly verdict: Kind; readonly wrong: Wrong }
  | { readonly do: 'race'; readonly half: Pick; readonly contenders: readonly Contender[] }
  | { readonly do: 'answerCheck'; readonly nth: number; readonly verdict: Kind | 'unknown' }
  | { readonly do: 'operate'; readonly half: Pick; readonly kind: Kind }
  | { readonly do: 'resume'; readonly copy: number }
  | { readonly do: 'connect'; readonly producer: number; readonly declares: readonly string[] | undefined }
  | { readonly do: 'disconnect'; readonly producer: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'setClock'; readonly byMs: number }
  | { readonly do: 'restart' }
  | { readonly do: 'kill'; readonly flying: readonly Flight[]; readonly turns: number };

export type StepOf<D extends Step['do']> = Extract<Step, { do: D }>;

export interface Flight {
  readonly half: Pick;
  readonly kind: Kind;
}

const HOUR_MS = 3_600_000;

const kind = fc.constantFrom<Kind>('commit', 'rollback');
const verdict = fc.constantFrom<Kind | 'unknown'>('commit', 'commit', 'rollback', 'unknown');
const producer = fc.nat(GROUP_OF_PRODUCER.length - 1);
const half: fc.Arbitrary<Pick> = fc.record({
  nth: fc.nat(999),
  among: fc.constantFrom('undecided', 'undecided', 'all'),
});

const ARBITRARIES: { readonly [D in Step['do']]: fc.Arbitrary<StepOf<D>> } = {
  prepare: fc.record({
    do: fc.constant('prepare'),
    producer,
    topic: fc.nat(TOPICS.length - 1),
    immunityS: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined, freq: 3 }),
    transaction: fc.option(fc.nat(9), { nil: undefined, freq: 2 }),
  }),
  end: fc.record({
    do: fc.constant('end'),
    half,
    verdict,
    fromCheck: fc.boolean(),
    oneWay: fc.boolean(),
    times: fc.integer({ min: 1, max: 3 }),
  }),
  endWrong: fc.record({
    do: fc.constant('endWrong'),
    half,
    verdict: kind,
    wrong: fc.constantFrom<Wrong>('group', 'halfOffset', 'physicalOffset', 'key'),
  }),
  race: fc.record({
    do: fc.constant('race'),
    half,
    contenders: fc.array(fc.record({ kind, fromCheck: fc.boolean() }), { minLength: 2, maxLength: 6 }),
  }),
  answerCheck: fc.record({ do: fc.constant('answerCheck'), nth: fc.nat(30), verdict }),
  operate: fc.record({ do: fc.constant('operate'), half, kind }),
  resume: fc.record({ do: fc.constant('resume'), copy: fc.nat(30) }),
  connect: fc.record({
    do: fc.constant('connect'),
    producer,
    declares: fc.option(fc.subarray(['*', ...TOPICS]), { nil: undefined }),
  }),
  disconnect: fc.record({ do: fc.constant('disconnect'), producer }),
  wait: fc.record({ do: fc.constant('wait'), ms: fc.integer({ min: 1, max: 2_500 }) }),
  setClock: fc.record({
    do: fc.constant('setClock'),
    byMs: fc.oneof(fc.integer({ min: -5_000, max: 5_000 }), fc.constantFrom(-HOUR_MS, HOUR_MS)),
  }),
  restart: fc.record({ do: fc.constant('restart') }),
  kill: fc.record({
    do: fc.constant('kill'),
    flying: fc.array(fc.record({ half, kind }), { maxLength: 4 }),
    turns: fc.nat(6),
  }),
};

/** Of a thousand steps. A restart costs as much as a hundred others. */
export type Shares = Readonly<Record<Step['do'], number>>;

export const SHARES: Shares = {
  prepare: 251,
  end: 250,
  endWrong: 50,
  race: 50,
  answerCheck: 120,
  operate: 20,
  resume: 40,
  connect: 40,
  disconnect: 30,
  wait: 140,
  setClock: 1,
  restart: 3,
  kill: 5,
};

/** What is done in one life of a broker. */
export function steps(most: number, shares: Partial<Shares> = {}): fc.Arbitrary<Step[]> {
  const all = { ...SHARES, ...shares };
  const choices = Object.entries(ARBITRARIES).map(([name, arbitrary]) => ({
    weight: all[name as Step['do']],
    arbitrary: arbitrary as fc.Arbitrary<Step>,
  }));
  return fc.array(fc.oneof(...choices), { minLength: 1, maxLength: most, size: 'max' });
}
