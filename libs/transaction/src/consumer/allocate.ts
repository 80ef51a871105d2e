/**
 * RocketMQ's AVG: contiguous blocks, the first `all.length mod members.length` members get one more. Every member
 * works this out for itself, from the same two lists in the same order.
 * @param all every queue, sorted
 * @param members every client id, sorted; `self` among them
 */
export function allocateAveragely<Q>(all: readonly Q[], members: readonly string[], self: string): Q[] {
  const index = members.indexOf(self);
  if (index < 0) return [];
  const rest = all.length % members.length;
  const each = Math.floor(all.length / members.length);
  const start = index * each + Math.min(index, rest);
  return all.slice(start, start + each + (index < rest ? 1 : 0));
}
