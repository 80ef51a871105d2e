import type { EndTransactionHeader } from '@halfmq/remoting';
import type { SentHalf } from '../kit/wire-client.js';
import { FLAG } from './broker-under-test.js';
import { compareAnswer, GROUP_WRONG, UNKNOWN_HALF } from './comparison.js';
import { Violation, type Verdict } from './ledger-model.js';
import type { Life } from './life.js';
import type { StepOf, Wrong } from './steps.js';

/** Said once or again, and answered or not. */
export async function end(life: Life, step: StepOf<'end'>): Promise<void> {
  const { verdict, fromCheck, oneWay, times } = step;
  const { broker } = life;
  const half = life.pick(step.half);
  if (!half) return;
  const flag = verdict === 'unknown' ? 0 : FLAG[verdict];
  const header = broker.verdict(half, flag, { fromTransactionCheck: fromCheck });
  for (let time = 0; time < times; time++) {
    const expected = life.answerTo(half.halfOffset, verdict, fromCheck ? 'check' : 'producer');
    if (oneWay) await broker.sayEnd(time, header);
    else compareAnswer(await broker.end(time, header), expected);
  }
}

export async function endWrong(
  life: Life,
  { half: pick, verdict, wrong }: StepOf<'endWrong'>,
): Promise<void> {
  const { broker, model } = life;
  const half = life.pick(pick);
  if (!half) return;
  const answer = await broker.end(0, { ...broker.verdict(half, FLAG[verdict]), ...wrongly(wrong, half) });
  // where a decided one lies is not known any more: it is told what was decided
  const decided = wrong === 'physicalOffset' && model.of(half.halfOffset).verdict !== undefined;
  if (decided) compareAnswer(answer, life.answerTo(half.halfOffset, verdict, 'producer'));
  else compareAnswer(answer, { code: wrong === 'group' ? GROUP_WRONG : UNKNOWN_HALF });
}

function wrongly(wrong: Wrong, { halfOffset, physicalOffset }: SentHalf): Partial<EndTransactionHeader> {
  const all = {
    group: { producerGroup: 'strangers' },
    halfOffset: { tranStateTableOffset: halfOffset + 1_000_000 },
    physicalOffset: { commitLogOffset: physicalOffset + 1 },
    key: { transactionId: 'STRANGER', msgId: 'STRANGER' },
  };
  return all[wrong];
}

/** Verdicts over several connections at once: any of them may be the first, and one is. */
export async function race(life: Life, { half: pick, contenders }: StepOf<'race'>): Promise<void> {
  const { broker, model } = life;
  const half = life.pick(pick);
  if (!half) return;
  const id = half.halfOffset;
  const answers = await Promise.all(
    contenders.map(({ kind, fromCheck }, at) =>
      broker.end(at, broker.verdict(half, FLAG[kind], { fromTransactionCheck: fromCheck })),
    ),
  );
  if (!model.of(id).verdict) {
    const won = contenders[answers.findIndex(({ code }) => code === 0)];
    const first = broker.verdictOn(id);
    const said = contenders.some(
      ({ kind, fromCheck }) => kind === first?.kind && first.by === (fromCheck ? 'check' : 'producer'),
    );
    if (!won || !first || !said) throw new Violation(`nobody in the race has said ${JSON.stringify(first)}`);
    life.answerTo(id, won.kind, first.by);
  }
  for (const [at, { kind }] of contenders.entries()) {
    compareAnswer(answers[at], life.answerTo(id, kind, 'producer'));
  }
}

/** Over HTTP, where there is a door for it. */
export async function operate(life: Life, { half: pick, kind }: StepOf<'operate'>): Promise<void> {
  const { broker, model } = life;
  const half = life.pick(pick);
  const answer = half && (await broker.operate(half.uniqueKey, kind));
  if (!answer) return;
  const verdict: Verdict = { kind, by: 'operator', at: broker.now };
  for (const { id } of model.together(model.of(half.halfOffset))) life.told.add(id);
  const against = model.operated(half.halfOffset, verdict);
  const { status, told } = answer;
  if (status !== (against ? 409 : 200)) throw new Violation(`the operator is answered with ${status}`);
  if (against && (told['verdict'] !== against.kind || told['verdictBy'] !== against.by))
    throw new Violation(`the operator is told ${JSON.stringify(told)}, not ${JSON.stringify(against)}`);
}

/** The answer to a check that came just now, or long ago, or before a restart. */
export async function answerCheck(life: Life, { nth, verdict }: StepOf<'answerCheck'>): Promise<void> {
  const { broker, checks } = life;
  const check = checks[checks.length - 1 - (nth % checks.length)];
  const half = check && life.half(check.header.tranStateTableOffset);
  if (!half) return;
  const flag = verdict === 'unknown' ? 0 : FLAG[verdict];
  const { commitLogOffset } = check.header;
  const header = broker.verdict(half, flag, { commitLogOffset, fromTransactionCheck: true });
  compareAnswer(await broker.end(0, header), life.answerTo(half.halfOffset, verdict, 'check'));
}
