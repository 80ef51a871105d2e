import { notApplicable, unless, type Finding } from './finding.js';
import { passed } from './producer.js';
import type { Target } from './target.js';

const AT_ONCE = 50;
/** Before any of them is given up, which may cost a copy. */
const ROUNDS = 3;
const LIMIT_MS = 120_000;
/** Of what the half messages themselves have written. */
const MOST = 0.1;

export async function grows(target: Target): Promise<Finding> {
  const topic = await target.topic();
  if (topic === undefined) return notApplicable('needs a topic');
  const { halves, checks } = target.options;
  const rounds = Math.min(ROUNDS, checks - 1);
  const producer = await target.producer();
  producer.answers = () => undefined;
  const begin = await target.logEnd();
  for (let sent = 0; sent < halves; sent += AT_ONCE) {
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, halves - sent) }, () => producer.prepare(topic)),
    );
  }
  const written = (await target.logEnd()) - begin;
  const asked = await target.happens(() => producer.checks.length >= rounds * halves, LIMIT_MS);
  await passed(200);
  const grown = (await target.logEnd()) - begin - written;
  const counted = (producer.checks.length / halves).toFixed(1);
  producer.answers = () => 'rollback';
  const factor = (grown / written).toFixed(2);
  return unless(
    [
      !asked && `only ${counted} checks of each`,
      grown > MOST * written && `${counted} checks of each wrote ${factor} times as much as the messages`,
    ],
    `${halves} half messages checked ${counted} times each: the log grew by ${factor} of their size`,
  );
}
