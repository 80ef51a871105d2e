import { InvalidOption } from '../errors.js';
import { isTopic } from '../names.js';

/** What stands between the words of a pattern, and what Nest writes around them when a pattern is an object. */
const BETWEEN_WORDS = /[.:/,{}[\]"\s]+/;

/** The topic of a pattern, as Nest writes it: `order.placed`, `{"cmd":"sum"}`. */
export type TopicOfPattern = (pattern: string) => string;

/**
 * RocketMQ's topics have letters of their own, and no dots: the words of a pattern, joined by hyphens. `order.placed` is
 * `order-placed`, `{ cmd: 'sum' }` is `cmd-sum`.
 * @throws InvalidOption for wildcards, and for what has other letters
 */
export function topicOfPattern(pattern: string): string {
  return pattern.split(BETWEEN_WORDS).filter(Boolean).join('-');
}

/** @throws InvalidOption naming the pattern when that is no topic */
export function checkedTopic(pattern: string, topicOf: TopicOfPattern = topicOfPattern): string {
  const topic = topicOf(pattern);
  if (isTopic(topic)) return topic;
  throw new InvalidOption(
    `pattern ${JSON.stringify(pattern)} makes no topic (${JSON.stringify(topic)}): 1 to 127 characters of ` +
      'A-Z a-z 0-9 _ - % | expected, and no wildcards, which RocketMQ does not have. Name another pattern, or say ' +
      'its topic with topicOf',
  );
}

/**
 * @param patterns as Nest writes them
 * @returns the pattern of each topic
 * @throws InvalidOption when two patterns have one topic: their messages could not be told apart
 */
export function patternsByTopic(
  patterns: Iterable<string>,
  topicOf?: TopicOfPattern,
): ReadonlyMap<string, string> {
  const byTopic = new Map<string, string>();
  for (const pattern of patterns) {
    const topic = checkedTopic(pattern, topicOf);
    const other = byTopic.get(topic);
    if (other !== undefined) {
      throw new InvalidOption(
        `the patterns ${JSON.stringify(other)} and ${JSON.stringify(pattern)} both have the topic ${topic}: rename one, ` +
          'or say their topics with topicOf',
      );
    }
    byTopic.set(topic, pattern);
  }
  return byTopic;
}
