import type { FinalMessage, FinalOf, HalfMessage, NewMessage, Stored } from '../message-store.js';
import { keepingTime, type LoggedDelayedMessages } from './delayed.js';
import type { Row } from './half-rows.js';
import type { Appender } from './part.js';

/**
 * Which of a transaction's rows are decided, and what they become: of a commit those whose final message can be made.
 * @param finalOf for a commit
 * @throws what finalOf throws; Error when the one that is named has no final message
 */
export function finalsOf(
  all: readonly Row[],
  named: number,
  finalOf: FinalOf | undefined,
  shown: (row: Row) => HalfMessage,
): { readonly decided: readonly Row[]; readonly finals: readonly FinalMessage[] } {
  if (!finalOf) return { decided: all, finals: [] };
  const decided: Row[] = [];
  const finals: FinalMessage[] = [];
  for (const row of all) {
    const final = finalOf(shown(row));
    if (!final && row.halfOffset === named) throw new Error(`half message ${named} has no final message`);
    if (!final) continue;
    decided.push(row);
    finals.push(final);
  }
  return { decided, finals };
}

/**
 * What a transaction delivers, and its verdict, in one append: a cut log has all of it or nothing. What waits for its time
 * goes to its schedule topic in the same append.
 */
export function appendFinals(
  log: Appender,
  delayed: Pick<LoggedDelayedMessages, 'enter'>,
  finals: readonly FinalMessage[],
  verdict: NewMessage,
  stored: Stored,
): void {
  const messages: NewMessage[] = [];
  const times: (number | undefined)[] = [];
  for (const final of finals) {
    const { deliverAt, copy } = final;
    messages.push(deliverAt === undefined ? final : keepingTime(final, deliverAt));
    times.push(deliverAt);
    if (!copy) continue;
    messages.push(copy);
    times.push(undefined);
  }
  messages.push(verdict);
  const places = log.append(messages, stored, times);
  for (const [index, deliverAt] of times.entries()) {
    const place = places[index];
    if (place && deliverAt !== undefined) delayed.enter(deliverAt, place.physicalOffset);
  }
}
