/*
 * Which member of a group reads which queues, by RocketMQ's strategies and under their names. Every member works it out from
 * the same two sorted lists, or the broker does for it: with the same result.
 */

/**
 * @param all every queue, sorted
 * @param members every client id, sorted
 * @returns those of `self`; none for who is no member
 */
export type Allocate = <Q>(all: readonly Q[], members: readonly string[], self: string) => Q[];

/** AVG: contiguous blocks, the first `all.length mod members.length` members get one more. */
export const allocateAveragely: Allocate = (all, members, self) => {
  const index = members.indexOf(self);
  if (index < 0) return [];
  const rest = all.length % members.length;
  const each = Math.floor(all.length / members.length);
  const start = index * each + Math.min(index, rest);
  return all.slice(start, start + each + (index < rest ? 1 : 0));
};

/** AVG_BY_CIRCLE: one after the other in turn. */
export const allocateByCircle: Allocate = (all, members, self) => {
  const index = members.indexOf(self);
  return index < 0 ? [] : all.filter((_, nth) => nth % members.length === index);
};

export const ALLOCATIONS: ReadonlyMap<string, Allocate> = new Map([
  ['AVG', allocateAveragely],
  ['AVG_BY_CIRCLE', allocateByCircle],
]);
