import type { ReceivedCheck } from '../kit/wire-client.js';
import { CHECKS, INTERVAL_MS, type Asked } from './broker-under-test.js';
import { Violation, whoCanAnswer } from './ledger-model.js';
import type { Life } from './life.js';

/** Nothing can happen twice to one half message within it. */
const CHUNK_MS = INTERVAL_MS - 100;
/** What is due waits for the end of the round before it. */
const ROUND_MS = 100;
/** The longest of all waits: after it every timer has noticed that the clock was set. */
const NOTICED_MS = 30_000;

export async function wait(life: Life, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= CHUNK_MS) await pass(life, Math.min(left, CHUNK_MS));
}

export async function setClock(life: Life, byMs: number): Promise<void> {
  life.broker.setClock(byMs);
  life.model.clockSet(life.broker.now);
  for (let left = NOTICED_MS; left > 0; left -= CHUNK_MS) await pass(life, CHUNK_MS, left <= CHUNK_MS);
}

/** @param noticed whether every timer knows what the clock says */
async function pass(life: Life, ms: number, noticed = true): Promise<void> {
  const { broker, model, comparison } = life;
  const from = broker.now;
  const asked = await broker.advance(ms);
  const now = broker.now;
  const undecided = new Map(broker.undecided().map((half) => [half.halfOffset, half]));
  for (const one of asked) isAsked(life, one, undecided.get(halfOf(one.check))?.nextCheckAt ?? NaN, from);
  await comparison.parkings();
  model.passed(now);
  if (noticed && ms > 2 * ROUND_MS) nothingIsForgotten(life, now - ROUND_MS);
}

function isAsked({ broker, model, senders, checks }: Life, asked: Asked, next: number, from: number): void {
  const { producer, check } = asked;
  checks.push(check);
  const id = halfOf(check);
  const times = Number(check.properties.get('TRANSACTION_CHECK_TIMES'));
  model.asked(id, { times, next }, from, broker.now);
  const sender = senders.get(producer);
  const { group } = model.of(id);
  if (!sender || !whoCanAnswer([...senders.values()], group, check.record.topic).includes(sender))
    throw new Violation(`producer ${producer} is asked about ${id}, which it cannot answer`);
}

/** Whoever is due is asked about, as long as somebody is there who can answer, or parked. */
function nothingIsForgotten({ model, senders }: Life, now: number): void {
  for (const half of model.undecided) {
    const { id, parked, due, checks, topic, group } = half;
    if (parked || due > now || model.leader(half) !== half) continue;
    if (checks === CHECKS) throw new Violation(`${id} was due ${now - due} ms ago and is not parked`);
    if (whoCanAnswer([...senders.values()], group, topic).length > 0)
      throw new Violation(`nobody was asked about ${id}, due ${now - due} ms ago`);
  }
}

function halfOf(check: ReceivedCheck): number {
  return check.header.tranStateTableOffset;
}
