import type { Clock } from '@halfmq/remoting';
import { OutboundError } from './outbound-error.js';

export interface EndpointLimits {
  /** requests at once, to one of them */
  readonly atOnce: number;
  /** to all */
  readonly atOnceInAll: number;
  /** so many failures in a row, and it rests */
  readonly patience: number;
}

/** Its answers cost somebody's database something; sockets and questions that wait for answers are this process's memory. */
export const QUESTIONS: EndpointLimits = { atOnce: 32, atOnceInAll: 128, patience: 1 };
/** One message that is refused says little of its endpoint. Who delivers has limits of his own. */
export const DELIVERIES: EndpointLimits = { atOnce: Infinity, atOnceInAll: Infinity, patience: 5 };

const FIRST_REST_MS = 1_000;
/** Not longer than the usual interval between two checks: whoever waits alone tries again each time it is due. */
const LONGEST_REST_MS = 30_000;
/** Of one that says itself how long (Retry-After). */
const LONGEST_ASKED_REST_MS = 3_600_000;
/** Of origins that were away; the names come from others, the memory is ours. */
const MOST_REMEMBERED = 10_000;

interface Endpoint {
  inFlight: number;
  failures: number;
  /** Clock.monotonic before which it is left alone */
  restsUntil: number;
}

/** What is known of an endpoint. `trying`: it has rested, and one request is to find out. */
export type Health = 'well' | 'resting' | 'trying';

/**
 * How each endpoint is doing: an origin (scheme, host, port), or whatever its user tells apart.
 *
 *   well ──── an answer ──────────▶ well, up to its limit of requests at once
 *   well ──── away, once or more ─▶ resting 1 s, then 2, 4, ... 30 s; nothing is sent meanwhile
 *   resting ─ its time is over ───▶ tried by one request
 *   tried ─── an answer / away ───▶ well / resting, longer
 */
export class Endpoints {
  private readonly endpoints = new Map<string, Endpoint>();
  private inFlight = 0;

  constructor(
    private readonly clock: Clock,
    private readonly limits: EndpointLimits,
  ) {}

  /**
   * Why nothing may be sent there now: resting, busy.
   * @param urgently somebody waits for the answer: a rest is no reason
   */
  unavailable(origin: string, urgently: boolean): OutboundError | undefined {
    const { atOnce, atOnceInAll } = this.limits;
    if (this.inFlight >= atOnceInAll)
      return new OutboundError('busy', `${atOnceInAll} requests wait for their answers`);
    const endpoint = this.endpoints.get(origin);
    if (!endpoint) return undefined;
    const restMs = this.restMs(origin);
    if (!urgently && this.isTired(endpoint) && (restMs > 0 || endpoint.inFlight > 0)) {
      const until = restMs > 0 ? `for ${Math.ceil(restMs)} ms more` : 'until its first answer';
      return new OutboundError('resting', `${origin} was away and is left alone ${until}`);
    }
    if (endpoint.inFlight < atOnce) return undefined;
    return new OutboundError('busy', `${atOnce} requests to ${origin} wait for their answers`);
  }

  health(origin: string): Health {
    const endpoint = this.endpoints.get(origin);
    if (!endpoint || !this.isTired(endpoint)) return 'well';
    return this.restMs(origin) > 0 ? 'resting' : 'trying';
  }

  /** How long it is left alone from now on; 0: it is not. */
  restMs(origin: string): number {
    const endpoint = this.endpoints.get(origin);
    if (!endpoint || !this.isTired(endpoint)) return 0;
    return Math.max(0, endpoint.restsUntil - this.clock.monotonic());
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

  /** It was not called after all: nothing is known of it. */
  notCalled(origin: string): void {
    this.end(origin, () => undefined);
  }

  /** @param askedMs it asks itself to be left alone for so long */
  away(origin: string, askedMs = 0): void {
    this.end(origin, (endpoint) => {
      const { patience } = this.limits;
      const now = this.clock.monotonic();
      const asked = now + Math.min(askedMs, LONGEST_ASKED_REST_MS);
      if (askedMs > 0) endpoint.failures = Math.max(endpoint.failures, patience);
      // what was under way when its rest began says nothing new
      else if (!this.isTired(endpoint) || endpoint.restsUntil <= now) endpoint.failures++;
      else return;
      const restMs = Math.min(
        FIRST_REST_MS * 2 ** Math.max(0, endpoint.failures - patience),
        LONGEST_REST_MS,
      );
      endpoint.restsUntil = Math.max(asked, now + restMs);
    });
  }

  private isTired({ failures }: Endpoint): boolean {
    return failures >= this.limits.patience;
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
