import { propertyOf, PropertyName, StatusError, type Clock, type Log } from '@halfmq/remoting';
import { StoreError, type HalfMessage, type MessageStore, type Verdict } from '@halfmq/store';
import { channels } from '../channels.js';
import { httpUrl } from '../outbound/http-url.js';
import type { Outbound } from '../outbound/outbound.js';
import { OutboundError } from '../outbound/outbound-error.js';
import type { Asked, CheckHistory } from './check-history.js';
import type { Decide } from './decide.js';
import { readHalf } from './half-record.js';
import { shownHalf } from './shown-transaction.js';
import { urlAnswer, type UrlAnswer } from './url-answer.js';
import type { Waits } from './waits.js';

/** As much is asked there as may be at once: looked at again after this, ms. */
const BUSY_MS = 1_000;
/** Of those that wait for an endpoint, asked again for each answer it gives: it comes back slowly, then faster. */
const RELEASED_BY_AN_ANSWER = 100;
/** Of those that wait, looked at when one more comes: whoever was decided by others meanwhile is let go. */
const LOOKED_AT = 2;

interface Question {
  readonly url: URL;
  readonly document: object;
  readonly bytes: number;
}

/** What became of a question. */
export type Outcome = UrlAnswer | OutboundError;

/**
 * Puts the question of a check to the address that came with a half message (HALFMQ_CHECK_URL). It is counted when somebody
 * has taken it: whoever cannot be reached, fails or is late was not asked. What comes of it:
 *
 *   commit, rollback ── decided, as by any check
 *   unknown, nonsense ─ counted, due again after its back-off
 *   away, refused ───── not counted, due again after an interval
 *   resting ─────────── another one found its endpoint away: due again after the longest wait, or when it answers
 *   busy ────────────── due again after a second
 */
export class CheckByUrl {
  private readonly underWay = new Set<number>();
  /** origin → half offsets that wait for it */
  private readonly waiting = new Map<string, Set<number>>();
  private wake: () => void = () => undefined;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly store: MessageStore,
    private readonly outbound: Outbound,
    private readonly decisions: Decide,
    private readonly history: CheckHistory,
    private readonly waits: Waits,
  ) {}

  /** @param wake called when some became due before their time */
  onDue(wake: () => void): void {
    this.wake = wake;
  }

  /** Without waiting for the answer. @returns how many bytes are on their way; 0: its next check is set */
  ask(half: HalfMessage): number | 'unreadable' {
    const { halfOffset } = half;
    const url = this.urlOf(half);
    if (!url) return 'unreadable';
    if (url instanceof OutboundError) {
      this.history.missed(half, NOWHERE, url.message);
      this.store.halves.postpone(halfOffset, this.waits.longest);
      return 0;
    }
    const unavailable = this.outbound.unavailable(url);
    if (unavailable) {
      this.notAsked(half, url, unavailable);
      return 0;
    }
    if (this.underWay.has(halfOffset)) {
      this.store.halves.postpone(halfOffset, this.waits.shortly);
      return 0;
    }
    const question = this.questionOf(half, url);
    this.put(half, question).catch((error: unknown) => {
      this.log.error('a check by URL has failed in a way nobody expected', {
        halfOffset,
        url: url.href,
        error,
      });
    });
    return question.bytes;
  }

  /** By an operator: asked whatever its time. @returns undefined when its record cannot be read */
  async askNow(half: HalfMessage): Promise<Outcome | undefined> {
    const url = this.urlOf(half);
    if (!url || url instanceof OutboundError) return url;
    return this.put(half, this.questionOf(half, url), true);
  }

  /** Undefined when the record cannot be read. */
  private urlOf(half: HalfMessage): URL | OutboundError | undefined {
    const record = readHalf(this.store, half)?.record;
    return record && urlIn(propertyOf(record.properties, PropertyName.HALFMQ_CHECK_URL) ?? '');
  }

  private questionOf(half: HalfMessage, url: URL): Question {
    const together = this.store.halves.together(half.halfOffset);
    const records = together.flatMap((each) => readHalf(this.store, each) ?? []);
    return {
      url,
      document: {
        id: half.transactionId ?? half.uniqueKey,
        group: half.producerGroup,
        checks: half.checks + 1,
        messages: records.map((each) => shownHalf(each, true)),
      },
      bytes: records.reduce((sum, each) => sum + each.record.size, 0),
    };
  }

  private async put(half: HalfMessage, { url, document }: Question, urgently = false): Promise<Outcome> {
    const { halfOffset } = half;
    this.underWay.add(halfOffset);
    // until it is answered nobody asks again
    this.store.halves.postpone(halfOffset, this.waits.longest);
    try {
      const posted = this.outbound.post(url, document, urgently);
      if (channels.outbound.hasSubscribers) channels.outbound.publish({ work: posted });
      const answer = urlAnswer(await posted);
      this.release(url.origin);
      this.answered(half, url, answer);
      return answer;
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      this.notAsked(half, url, error);
      return error;
    } finally {
      this.underWay.delete(halfOffset);
    }
  }

  private answered(half: HalfMessage, url: URL, { verdict, why }: UrlAnswer): void {
    const { halfOffset } = half;
    this.history.asked(half, whom(url));
    this.history.answered(halfOffset, verdict, url.href, why);
    if (channels.asked.hasSubscribers) channels.asked.publish({ store: this.store, half });
    this.store.halves.checked(halfOffset, this.waits.afterCheck(half));
    if (verdict !== 'unknown') this.decide(half, verdict);
  }

  private decide({ halfOffset, topic, uniqueKey }: HalfMessage, kind: Verdict['kind']): void {
    const half = this.store.halves.find(halfOffset)?.half;
    // somebody else was first: what they said holds
    if (!half) return;
    const refused = (reason: string): void =>
      this.log.warn('the answer to a check could not be stored, it is asked again', {
        halfOffset,
        topic,
        uniqueKey,
        reason,
      });
    try {
      const verdict: Verdict = { kind, by: 'check', at: this.clock.now() };
      this.decisions.decide(halfOffset, verdict, readHalf(this.store, half), (refusal) => {
        if (refusal) refused(refusal.message);
      });
    } catch (error) {
      if (!(error instanceof StatusError || error instanceof StoreError)) throw error;
      refused(error.message);
    }
  }

  private notAsked(half: HalfMessage, url: URL, error: OutboundError): void {
    const { halfOffset } = half;
    if (error.kind === 'busy') return this.store.halves.postpone(halfOffset, this.clock.now() + BUSY_MS);
    if (error.kind !== 'resting') {
      this.history.missed(half, whom(url), error.message);
      return this.store.halves.postpone(halfOffset, this.waits.shortly);
    }
    this.wait(url.origin, halfOffset);
    this.store.halves.postpone(halfOffset, this.waits.longest);
  }

  private wait(origin: string, halfOffset: number): void {
    const waiting = this.waiting.get(origin) ?? new Set<number>();
    let left = LOOKED_AT;
    for (const each of waiting) {
      if (left-- === 0) break;
      waiting.delete(each);
      if (this.isUndecided(each)) waiting.add(each);
    }
    this.waiting.set(origin, waiting.add(halfOffset));
  }

  private isUndecided(halfOffset: number): boolean {
    return this.store.halves.find(halfOffset)?.half !== undefined;
  }

  /** It answers: some of those that waited for it are due at once. */
  private release(origin: string): void {
    const waiting = this.waiting.get(origin);
    if (!waiting) return;
    let released = 0;
    for (const halfOffset of waiting) {
      if (released === RELEASED_BY_AN_ANSWER) break;
      waiting.delete(halfOffset);
      if (!this.isUndecided(halfOffset)) continue;
      released++;
      this.store.halves.postpone(halfOffset, this.clock.now());
    }
    if (waiting.size === 0) this.waiting.delete(origin);
    this.wake();
  }
}

/** Those that came over the wire were looked at by nobody. */
function urlIn(text: string): URL | OutboundError {
  try {
    return httpUrl('checkUrl', text);
  } catch (error) {
    if (error instanceof StatusError) return new OutboundError('refused', error.message);
    throw error;
  }
}

const NOWHERE: Asked = { clientId: '', address: 'HALFMQ_CHECK_URL' };

function whom({ href }: URL): Asked {
  return { clientId: '', address: href };
}
