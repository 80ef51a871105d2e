import type { SubscriptionData } from '@halfmq/remoting';

/** What a member subscribes to: a line for each topic. Equal lines, in whatever order their tags were written, choose equally. */
export function saidOf(subscriptions: readonly SubscriptionData[]): readonly string[] {
  return subscriptions.map(lineOf).toSorted();
}

function lineOf({ topic, subString, tagsSet, expressionType }: SubscriptionData): string {
  return `${topic} ${expressionType} ${tagsSet.length > 0 ? tagsSet.toSorted().join(' || ') : subString}`;
}

/** @returns the lines that only one of them has; none: they say the same */
export function differences(one: readonly string[], other: readonly string[]): string[] {
  if (one.length === other.length && one.every((line, nth) => line === other[nth])) return [];
  const only = (mine: readonly string[], theirs: readonly string[]): string[] =>
    mine.filter((line) => !theirs.includes(line));
  return [...only(one, other), ...only(other, one)];
}
