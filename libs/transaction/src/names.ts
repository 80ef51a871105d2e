/** RocketMQ's letters for topics and groups, and its lengths. */
const LETTERS = /^[%|a-zA-Z0-9_-]+$/;
const LONGEST_TOPIC = 127;
const LONGEST_GROUP = 120;

export function isTopic(name: unknown): name is string {
  return typeof name === 'string' && name.length <= LONGEST_TOPIC && LETTERS.test(name);
}

export function isGroup(name: unknown): name is string {
  return typeof name === 'string' && name.length <= LONGEST_GROUP && LETTERS.test(name);
}
