import { resumeCheckHalfMessage } from '@halfmq/remoting';
import type { SentHalf } from '../kit/wire-client.js';
import { breaks, notApplicable, times, unless, type Finding } from './finding.js';
import type { Producer, TimedCheck } from './producer.js';
import type { Target } from './target.js';

const NO_TOPIC = notApplicable('needs a topic');

interface Asked {
  readonly producer: Producer;
  readonly half: SentHalf;
  readonly check: TimedCheck;
}

/** A half message that is asked about, and not answered yet. */
async function asked(target: Target, topic: string): Promise<Asked | Finding> {
  const producer = await target.producer();
  producer.answers = () => undefined;
  const half = await producer.prepare(topic);
  await target.happens(() => producer.about(half).length > 0, target.patienceMs(1));
  const [check] = producer.about(half);
  return check ? { producer, half, check } : breaks('nobody was asked about it');
}

export async function late(target: Target): Promise<Finding> {
  const topic = await target.topic();
  if (topic === undefined) return NO_TOPIC;
  const one = await asked(target, topic);
  if ('outcome' in one) return one;
  const { producer, half, check } = one;
  producer.answers = () => 'commit';
  await producer.answer(check, 'commit');
  await target.happens(async () => (await target.deliveries(half)) > 0, target.patienceMs(1));
  for (let time = 0; time < 2; time++) await producer.end(half, 'commit');
  const count = await target.delivered(half, 3);
  return unless(
    [count !== 1 && `delivered ${times(count)} after two late commits`],
    'delivered once; late commits change nothing',
  );
}

export async function lateRollback(target: Target): Promise<Finding> {
  const topic = await target.topic();
  if (topic === undefined) return NO_TOPIC;
  const one = await asked(target, topic);
  if ('outcome' in one) return one;
  const { producer, half, check } = one;
  producer.answers = () => 'rollback';
  await producer.answer(check, 'rollback');
  await target.rest(1);
  const code = await producer.end(half, 'commit');
  await target.rest(1);
  const count = await target.deliveries(half);
  return unless(
    [
      count > 0 && `delivered ${times(count)} after the check said rollback`,
      code === 0 && 'the late commit is answered with success',
    ],
    `stays rolled back; the late commit is refused (code ${code})`,
  );
}

export async function slowTransaction(target: Target): Promise<Finding> {
  const topic = await target.topic();
  if (topic === undefined) return NO_TOPIC;
  const producer = await target.producer();
  const half = await producer.prepare(topic);
  const twice = await target.happens(() => producer.about(half).length >= 2, target.patienceMs(2));
  producer.answers = () => 'commit';
  await producer.end(half, 'commit');
  const before = producer.about(half).length;
  const count = await target.delivered(half, 4);
  const after = producer.about(half).length - before;
  return unless(
    [
      !twice && `asked ${times(before)} while it ran`,
      after > 0 && `asked ${times(after)} after the commit`,
      count !== 1 && `delivered ${times(count)}`,
    ],
    'checks stop at the commit; delivered once',
  );
}

/** A half message that nobody decides until the broker gives up asking. */
async function parked(
  target: Target,
  topic: string,
): Promise<{ producer: Producer; half: SentHalf; copy?: string }> {
  const producer = await target.producer();
  const half = await producer.prepare(topic);
  const limit = target.patienceMs(target.options.checks);
  await target.happens(async () => (await target.parkedCopy(half)) !== undefined, limit);
  const copy = await target.parkedCopy(half);
  return { producer, half, ...(copy !== undefined && { copy }) };
}

export async function parkedThenDecided(target: Target): Promise<Finding> {
  const topic = await target.topic();
  if (topic === undefined) return NO_TOPIC;
  const { producer, half, copy } = await parked(target, topic);
  producer.answers = () => 'commit';
  for (let time = 0; time < 2; time++) await producer.end(half, 'commit');
  const count = await target.delivered(half, 3);
  return unless(
    [
      copy === undefined && 'not shown in TRANS_CHECK_MAX_TIME_TOPIC',
      count !== 1 && `delivered ${times(count)} after two late commits`,
    ],
    'shown as parked; a late commit still decides, once',
  );
}

export async function manyVerdicts(target: Target): Promise<Finding> {
  const wrong: string[] = [];
  for (const first of ['commit', 'rollback'] as const) {
    const topic = await target.topic();
    if (topic === undefined) return NO_TOPIC;
    const producer = await target.producer();
    const another = await target.producer(producer.group);
    const half = await producer.prepare(topic);
    const code = await producer.end(half, first);
    const others = Array.from({ length: 20 }, (_, at) =>
      at % 3 === 0 ? ('rollback' as const) : ('commit' as const),
    );
    await Promise.all(others.map((said, at) => (at % 2 ? another : producer).endOneWay(half, said)));
    const expected = first === 'commit' ? 1 : 0;
    const count = await (first === 'commit'
      ? target.delivered(half)
      : target.rest(2).then(() => target.deliveries(half)));
    if (code !== 0) wrong.push(`the first ${first} is answered with ${code}`);
    if (count !== expected) wrong.push(`after a ${first} and twenty others delivered ${times(count)}`);
  }
  return unless(wrong, 'one effect, that of the first');
}

export async function resumed(target: Target): Promise<Finding> {
  const topic = await target.topic();
  if (topic === undefined) return NO_TOPIC;
  const { producer, half, copy: msgId } = await parked(target, topic);
  if (msgId === undefined) return breaks('not shown in TRANS_CHECK_MAX_TIME_TOPIC: nothing to recover');
  producer.answers = () => 'commit';
  const before = producer.about(half).length;
  const { code } = await target.wire.ask(resumeCheckHalfMessage, { msgId });
  await target.happens(() => producer.about(half).length > before, target.patienceMs(1));
  const asked = producer.about(half).length > before;
  await target.rest(1);
  await producer.end(half, 'commit');
  await target.wire.ask(resumeCheckHalfMessage, { msgId });
  const count = await target.delivered(half, 4);
  return unless(
    [
      code !== 0 && `recovering is answered with ${code}`,
      !asked && 'not asked about after it was recovered',
      count !== 1 && `recovered twice, delivered ${times(count)}`,
    ],
    'asked about again, delivered once',
  );
}
