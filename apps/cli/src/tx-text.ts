import { columns, counted, facts } from './columns.js';

/** What REST answers, as far as it is shown here. */
export interface Transaction {
  readonly id: string;
  readonly group: string;
  readonly state: 'pending' | 'parked' | 'committed' | 'rolledBack';
  readonly begunAt: string;
  readonly checkUrl?: string;
  readonly checks?: number;
  readonly nextCheckAt?: string;
  readonly verdict?: Verdict;
  readonly messages: readonly Message[];
  readonly history?: readonly Event[];
  readonly note?: string;
}

export interface Transactions {
  readonly items: readonly Transaction[];
  readonly next?: string;
}

export interface Preview {
  readonly state: 'commit' | 'rollback' | 'unknown' | 'none';
  readonly from?: string;
  readonly reason?: string;
}

interface Verdict {
  readonly kind: 'commit' | 'rollback';
  readonly by: 'producer' | 'check' | 'operator';
  readonly at: string;
  readonly reason?: string;
  readonly operator?: string;
}

interface Message {
  readonly messageId: string;
  readonly topic: string;
  readonly tag?: string;
  readonly keys: readonly string[];
  readonly body?: string;
  readonly bodyBase64?: string;
}

interface Event {
  readonly at: string;
  readonly event: string;
  readonly [detail: string]: unknown;
}

const STATE = { pending: 'pending', parked: 'parked', committed: 'committed', rolledBack: 'rolled back' };
const LONGEST_BODY = 400;

export function listText({ items, next }: Transactions): string {
  if (items.length === 0)
    return next === undefined ? 'no transaction' : `none up to here; more with --cursor ${next}`;
  const rows = items.map(({ id, state, group, messages, begunAt, checks, nextCheckAt, verdict }) => [
    id,
    STATE[state],
    group,
    [...new Set(messages.map(({ topic }) => topic))].join(', '),
    messages.flatMap(({ keys }) => keys).join(' '),
    begunAt,
    String(checks ?? ''),
    nextCheckAt ?? (verdict ? whoDecided(verdict) : ''),
  ]);
  const heads = ['id', 'state', 'group', 'topics', 'keys', 'begun', 'checks', 'next check, or who decided'];
  const more = next === undefined ? [] : ['', `more with --cursor ${next}`];
  return [columns(heads, rows), ...more].join('\n');
}

export function transactionText(transaction: Transaction, preview?: Preview): string {
  const { id, group, state, begunAt, checkUrl, checks, nextCheckAt, verdict, messages, history, note } =
    transaction;
  const about = facts({
    transaction: id,
    state: STATE[state],
    group,
    begun: begunAt,
    verdict: verdict && verdictText(verdict),
    checks: checks === undefined ? undefined : String(checks),
    'next check': nextCheckAt,
    'check URL': checkUrl,
    preview: preview && previewText(preview),
  });
  const parts = [about, counted(messages.length, 'message'), ...messages.map(messageText)];
  if (history && history.length > 0) {
    parts.push(
      columns(
        ['at', 'what happened', ''],
        history.map((event) => [event.at, event.event, detailsOf(event)]),
      ),
    );
  }
  if (note !== undefined) parts.push(note);
  return parts.join('\n\n');
}

function messageText({ messageId, topic, tag, keys, body, bodyBase64 }: Message): string {
  const text = body ?? (bodyBase64 === undefined ? undefined : `${bodyBase64} (base64)`);
  return facts({
    message: messageId,
    topic,
    tag,
    keys: keys.length > 0 ? keys.join(' ') : undefined,
    body: text !== undefined && text.length > LONGEST_BODY ? `${text.slice(0, LONGEST_BODY)}…` : text,
  });
}

function detailsOf({ at: _at, event: _event, ...details }: Event): string {
  return Object.entries(details)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${String(value)}`)
    .join(', ');
}

function verdictText(verdict: Verdict): string {
  const what = verdict.kind === 'commit' ? 'committed' : 'rolled back';
  const why = verdict.reason === undefined ? '' : ` (${verdict.reason})`;
  return `${what} by ${whoDecided(verdict)} at ${verdict.at}${why}`;
}

function whoDecided({ by, operator }: Verdict): string {
  if (by === 'operator') return `operator ${operator ?? 'unknown'}`;
  return by === 'check' ? 'an answer to a check' : 'its producer';
}

function previewText({ state, from, reason }: Preview): string {
  const said = state === 'none' ? 'none' : `${state}, says ${from ?? 'its producer'}`;
  return reason === undefined ? said : `${said}: ${reason}`;
}
