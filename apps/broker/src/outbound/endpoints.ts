import type { Clock } from '@halfmq/remoting';
import { OutboundError } from './outbound-error.js';

/** At once, to one origin: its answers cost somebody's database something. */
const AT_ONCE = 32;
/** At once in all: sockets and questions that wait for answers are this process's memory. */
const AT_ONCE_IN_ALL = 128;
const FIRST_REST_MS = 1_000;
/** Not longer than the usual interval between two checks: whoever waits alone tries again each time it is due. */
const LONGEST_REST_MS = 30_000;
/** Of origins that were away; the names come from others, the memory is ours. */
const MOST_REMEMBERED = 10_000;

interface Endpoint {
  inFlight: number;
  failures: number;
  /** Clock.monotonic before which it is left alone */
  restsUntil: number;
}

/**
 * How each origin (scheme, host, port) is doing.
 *
 *   well ──── an answer ──────────▶ well, up to 32 requests at once
 *   well ──── away ───────────────▶ resting 1 s, then 2, 4, ... 30 s; nothing is sent meanwhile
 *   resting ─ its time is over ───▶ tried by one request
 *   tried ─── an answer / away ───▶ well / resting, longer
 */
export class Endpoints {
  private readonly endpoints = new Map<string, Endpoint>();
  private inFlight = 0;

  constructor(private readonly clock: Clock) {}

  /**
   * Why nothing may be sent there now: resting, busy.
   * @param urgently somebody waits for the answer: a rest is no reason
   */
  unavailable(origin: string, urgently: boolean): OutboundError | undefined {
    if (this.inFlight >= AT_ONCE_IN_ALL)
      return new OutboundError('busy', `${AT_ONCE_IN_ALL} requests wait for their answers`);
    const endpoint = this.endpoints.get(origin);
    if (!endpoint) return undefined;
    const restMs = endpoint.restsUntil - this.clock.monotonic();
    if (!urgently && endpoint.failures > 0 && (restMs > 0 || endpoint.inFlight > 0)) {
      const until = restMs > 0 ? `for ${Math.ceil(restMs)} ms more` : 'until its first answer';
      return new OutboundError('resting', `${origin} was away and is left alone ${until}`);
    }
    if (endpoint.inFlight < AT_ONCE) return undefined;
    return new OutboundError('busy', `${AT_ONCE} requests to ${origin} wait for their answers`);
  }

  begin(origin: string): void {
    const endpoint = this.endpoints.get(origin) ?? { inFlight: 0, failures: 0, restsUntil: 0 };
    endpoint.inFlight++;
    this.inFlight++;
    this.endpoints.set(origin, endpoint);
  }

  answered(origin: string): void {
    this.end(origin, (endpoint) => (endpoint.failures = 0));
  }

  away(origin: string): void {
    this.end(origin, (endpoint) => {
      const restMs = Math.min(FIRST_REST_MS * 2 ** endpoint.failures, LONGEST_REST_MS);
      endpoint.restsUntil = this.clock.monotonic() + restMs;
      endpoint.failures++;
    });
  }

  private end(origin: string, change: (endpoint: Endpoint) => void): void {
    const endpoint = this.endpoints.get(origin);
    if (!endpoint) return;
    endpoint.inFlight--;
    this.inFlight--;
    change(endpoint);
    if (endpoint.inFlight === 0 && (endpoint.failures === 0 || this.endpoints.size > MOST_REMEMBERED))
      this.endpoints.delete(origin);
  }
}
