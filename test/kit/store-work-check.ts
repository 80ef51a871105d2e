import { decodeRecords, type MessageRecord } from '@halfmq/remoting/record';
import type { MessageStore } from '@halfmq/store';
import { FINAL_TOPIC, TOPIC } from './store-work.js';

function records(store: MessageStore, topic: string, queueId: number): MessageRecord[] {
  const all: MessageRecord[] = [];
  for (let offset = 0; offset < store.maxOffset(topic, queueId);) {
    const result = store.read(topic, queueId, offset, { maxMessages: 1000, maxBytes: 4_000_000 });
    if (result.count === 0) throw new Error(`${topic}:${queueId} has a gap at ${offset}`);
    for (const piece of result.records) all.push(...decodeRecords(piece));
    offset = result.nextOffset;
  }
  return all;
}

const bodiesOf = (from: readonly MessageRecord[]): string[] => from.map(({ body }) => body.toString());

/** Bodies of what waits for its time: asked of the store, which will not deliver it any more. */
function waiting(store: MessageStore): Set<string> {
  const due = store.delayed.due(Number.MAX_SAFE_INTEGER, 1e6);
  return new Set(
    due.flatMap(({ physicalOffset }) => {
      const record = store.recordAt(physicalOffset);
      if (!record) throw new Error(`no record at ${physicalOffset}`);
      return bodiesOf(decodeRecords(record));
    }),
  );
}

/** What is wrong with a store on which a store process worked: all it answered must be there, once, as it was decided. */
export function checkWork(store: MessageStore, answered: readonly string[]): string[] {
  const problems: string[] = [];
  const queues = [0, 1, 2].map((queueId) => records(store, TOPIC, queueId));
  for (const queue of queues) {
    if (queue.some(({ queueOffset }, index) => queueOffset !== index)) problems.push('a queue has a gap');
  }
  const finals = bodiesOf(records(store, FINAL_TOPIC, 0));
  const delivered = bodiesOf(records(store, FINAL_TOPIC, 1));
  const found = { finals: new Set(finals), delivered: new Set(delivered), waits: waiting(store) };
  if (found.finals.size < finals.length) problems.push('a final message is there twice');
  if (found.delivered.size < delivered.length) problems.push('something was delivered twice');
  for (const body of found.waits)
    if (found.delivered.has(body)) problems.push(`${body} was delivered, and waits`);
  const lost = answered.filter((line) => {
    const [kind = '', a = '', b = '', body = ''] = line.split(' ');
    if (kind === 'stored') return queues[Number(a)]?.[Number(b)]?.body.toString() !== body;
    if (kind === 'half') return store.halves.find(Number(a)) === undefined;
    if (kind === 'waits') return !found.waits.has(line.slice(6)) && !found.delivered.has(line.slice(6));
    if (kind === 'delivered') return !found.delivered.has(line.slice(10));
    if (kind !== 'decided') return false;
    const verdict = store.halves.find(Number(a))?.verdict?.kind;
    return verdict !== b || found.finals.has(`final ${a}`) !== (b === 'commit');
  });
  return [...problems, ...lost.map((line) => `answered and not so: ${line}`)];
}
