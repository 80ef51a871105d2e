import { notApplicable, times, unless, type Finding } from './finding.js';
import { now, passed, type Target, type TimedCheck } from './target.js';

const NO_TOPIC = notApplicable('needs a topic');
const HOUR_MS = 3_600_000;
/** Of the time a half message is left alone: the two clocks are read in different processes. */
const EARLY = 0.7;

/** Ahead by hours, behind by hours, and behind by more than a broker keeps messages. */
const CLOCKS_H = [5, -2, -100] as const;

export async function clocks(target: Target): Promise<Finding> {
  const topic = await target.topic();
  if (topic === undefined) return NO_TOPIC;
  const { timeoutMs } = target.options;
  const wrong = await Promise.all(
    CLOCKS_H.map(async (hours) => {
      const producer = await target.producer();
      const from = now();
      const half = await producer.prepare(topic, {}, Date.now() + hours * HOUR_MS);
      await target.happens(() => producer.about(half).length > 0, target.patienceMs(1));
      const [check] = producer.about(half);
      producer.answers = () => 'rollback';
      const clock = `clock ${Math.abs(hours)} h ${hours > 0 ? 'ahead' : 'behind'}`;
      if (!check) return `${clock}: never asked about`;
      const afterMs = check.at - from;
      return afterMs < EARLY * timeoutMs && `${clock}: asked about after ${(afterMs / 1000).toFixed(1)} s`;
    }),
  );
  return unless(wrong, `asked about after ${timeoutMs / 1000} s, whatever the producer's clock says`);
}

const HALVES = 6;

export async function otherTopics(target: Target): Promise<Finding> {
  const [topic, other] = [await target.topic(0), await target.topic(1)];
  if (topic === undefined || other === undefined) return notApplicable('needs two topics');
  const ours = await target.producer();
  const theirs = await target.producer(ours.group);
  const prepare = async (at: number): Promise<void> => {
    await ours.prepare(topic);
    await theirs.prepare(other);
    if (at > 1) await prepare(at - 1);
  };
  await prepare(HALVES);
  const asked = (): TimedCheck[] => [...ours.checks, ...theirs.checks];
  await target.happens(() => asked().length >= 2 * HALVES, target.patienceMs(1));
  await target.rest(2);
  const wrong = [
    ...ours.checks.filter(({ record }) => record.topic !== topic),
    ...theirs.checks.filter(({ record }) => record.topic !== other),
  ].length;
  const all = asked().length;
  for (const producer of [ours, theirs]) producer.answers = () => 'rollback';
  return unless(
    [
      all < 2 * HALVES && `${all} checks of ${2 * HALVES} half messages`,
      wrong > 0 && `${wrong} of ${all} checks went to the producer that cannot answer`,
    ],
    'only the producer that sent for the topic is asked',
  );
}

export async function immunity(target: Target): Promise<Finding> {
  const topic = await target.topic();
  if (topic === undefined) return NO_TOPIC;
  const { checks, intervalMs, timeoutMs } = target.options;
  const seconds = Math.ceil(Math.max(checks * intervalMs, timeoutMs) / 1000) + 1;
  const producer = await target.producer();
  const half = await producer.prepare(topic, { CHECK_IMMUNITY_TIME_IN_SECONDS: String(seconds) });
  const limitMs = seconds * 1000 + target.patienceMs(checks);
  await target.happens(async () => (await target.parkedCopy(half)) !== undefined, limitMs);
  const count = producer.about(half).length;
  return unless(
    [count < checks && `given up after ${count} of ${checks} checks`],
    `asked about ${times(count)}`,
  );
}

export async function restarted(target: Target): Promise<Finding> {
  const topic = await target.topic();
  if (topic === undefined) return NO_TOPIC;
  const before = await target.producer();
  const half = await before.prepare(topic);
  await target.leave(before);
  const after = await target.producer(before.group);
  after.answers = () => 'commit';
  await target.happens(() => after.about(half).length > 0, target.patienceMs(1));
  await target.rest(2);
  const count = await target.deliveries(half);
  return unless(
    [
      after.about(half).length === 0 && 'its successor is not asked',
      count !== 1 && `delivered ${times(count)}`,
    ],
    'its successor is asked before it sends anything',
  );
}

export async function away(target: Target): Promise<Finding> {
  const topic = await target.topic();
  if (topic === undefined) return NO_TOPIC;
  const { checks, intervalMs, timeoutMs } = target.options;
  const before = await target.producer();
  const half = await before.prepare(topic);
  await target.leave(before);
  await passed(timeoutMs + (checks + 3) * intervalMs);
  const after = await target.producer(before.group);
  after.answers = () => 'commit';
  await target.happens(() => after.about(half).length > 0, target.patienceMs(1));
  await target.rest(2);
  const asked = after.about(half);
  const number = asked[0]?.properties.get('TRANSACTION_CHECK_TIMES');
  const count = await target.deliveries(half);
  return unless(
    [
      asked.length === 0 && 'given up unasked while nobody was there',
      asked.length > 0 && number !== '1' && `the first check says that it is number ${number}`,
      asked.length > 0 && count !== 1 && `delivered ${times(count)}`,
    ],
    'nothing is counted while nobody is there; resolved by the first check after it',
  );
}
