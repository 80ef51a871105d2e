import { notApplicable, times, unless, type Finding } from './finding.js';
import type { SentHalf } from '../kit/wire-client.js';
import { now, passed, type TimedCheck } from './producer.js';
import type { Target } from './target.js';

const NO_TOPIC = notApplicable('needs a topic');
const HOUR_MS = 3_600_000;
/** Of the time a half message is left alone: the two clocks are read in different processes. */
const EARLY = 0.7;

/** Ahead by hours, behind by hours, and behind by more than a broker keeps messages. */
const CLOCKS_H = [5, -2, -100] as const;
const MOMENTS = 4;

export async function clocks(target: Target): Promise<Finding> {
  const topic = await target.topic();
  if (topic === undefined) return NO_TOPIC;
  const wrong = await Promise.all(CLOCKS_H.map((hours) => wrongWithClock(target, topic, hours)));
  const seconds = target.options.timeoutMs / 1000;
  return unless(wrong, `asked about after ${seconds} s, whatever the producer's clock says`);
}

/** Several, at different moments between two rounds of checks. */
async function wrongWithClock(target: Target, topic: string, hours: number): Promise<string | undefined> {
  const { timeoutMs } = target.options;
  const producer = await target.producer();
  const sent: { half: SentHalf; at: number }[] = [];
  for (let moment = 0; moment < MOMENTS; moment++) {
    const at = now();
    sent.push({ half: await producer.prepare(topic, {}, Date.now() + hours * HOUR_MS), at });
    await passed(timeoutMs / MOMENTS);
  }
  const waits = (): (number | undefined)[] =>
    sent.map(({ half, at }) => {
      const [check] = producer.about(half);
      return check && check.at - at;
    });
  await target.happens(() => !waits().includes(undefined), target.patienceMs(1));
  producer.answers = () => 'rollback';
  const clock = `clock ${Math.abs(hours)} h ${hours > 0 ? 'ahead' : 'behind'}`;
  const asked = waits().filter((one) => one !== undefined);
  if (asked.length < MOMENTS) return `${clock}: ${MOMENTS - asked.length} of ${MOMENTS} never asked about`;
  const first = Math.min(...asked);
  return first < EARLY * timeoutMs ? `${clock}: asked about after ${(first / 1000).toFixed(1)} s` : undefined;
}

const HALVES = 6;

export async function otherTopics(target: Target): Promise<Finding> {
  const [topic, other] = [await target.topic(0), await target.topic(1)];
  if (topic === undefined || other === undefined) return notApplicable('needs two topics');
  const ours = await target.producer();
  const theirs = await target.producer(ours.group);
  // one after the other: a broker that takes turns would do well by chance
  for (let at = 0; at < HALVES; at++) await ours.prepare(topic);
  for (let at = 0; at < HALVES; at++) await theirs.prepare(other);
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
  const count = await target.delivered(half);
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
  const count = await target.delivered(half);
  const asked = after.about(half);
  const number = asked[0]?.properties.get('TRANSACTION_CHECK_TIMES');
  return unless(
    [
      asked.length === 0 && 'given up unasked while nobody was there',
      asked.length > 0 && number !== '1' && `counted ${Number(number) - 1} checks while nobody was there`,
      asked.length > 0 && count !== 1 && `delivered ${times(count)}`,
    ],
    'nothing is counted while nobody is there; resolved by the first check after it',
  );
}
