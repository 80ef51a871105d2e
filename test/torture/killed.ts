import { notApplicable, times, unless, type Finding } from './finding.js';
import type { Target } from './target.js';

/** Three half messages: one killed before its END, one after it, one while its check is not answered. */
export async function killed(target: Target): Promise<Finding> {
  const { kill } = target.options;
  if (!kill)
    return notApplicable('needs --kill, a command that ends the broker with SIGKILL and starts it again');
  const topic = await target.topic();
  if (topic === undefined) return notApplicable('needs a topic');
  const producer = await target.producer();
  producer.answers = () => undefined;
  const during = await producer.prepare(topic);
  const checked = await target.happens(() => producer.about(during).length > 0, target.patienceMs(1));
  const [before, after] = [await producer.prepare(topic), await producer.prepare(topic)];
  await producer.end(after, 'commit');
  const { group } = producer;
  await target.leave(producer);
  await kill();
  await target.back();
  const again = await target.producer(group);
  again.answers = () => 'commit';
  for (const half of [before, after]) await again.end(half, 'commit');
  await again.endOneWay(after, 'rollback');
  await target.happens(async () => (await target.deliveries(during)) > 0, target.patienceMs(2));
  await again.end(during, 'commit');
  await target.rest(4);
  const counts = await Promise.all([before, after, during].map((half) => target.deliveries(half)));
  const when = ['killed before its END', 'killed after its END', 'killed during its check'];
  return unless(
    [
      !checked && 'no check came',
      ...counts.map((count, at) => count !== 1 && `${when[at]}: delivered ${times(count)}`),
    ],
    'the same outcome as without the kill: each delivered once',
  );
}
