import { lookup } from 'node:dns';
import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { StatusError, type Clock } from '@halfmq/remoting';
import type { AddressRules } from './address-rules.js';
import type { Endpoints } from './endpoints.js';
import { httpUrl } from './http-url.js';
import { OutboundError } from './outbound-error.js';

export interface Answer {
  /** below 500, and not 429; a redirect is not followed */
  readonly status: number;
  readonly body: string;
}

/** What is to be brought somewhere, whatever is answered. */
export interface Delivery {
  readonly url: URL;
  /** whose health it is: who delivers tells his endpoints apart */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Somebody answered. */
export interface Delivered {
  /** any; see isTaken */
  readonly status: number;
  /** it asks not to be called again before, ms from now; 0: it does not */
  readonly retryAfterMs: number;
}

const TIME_OUT_MS = 5_000;
const DELIVERY_TIME_OUT_MS = 10_000;
const MOST_ANSWER_BYTES = 64 * 1024;
const TOO_MANY_REQUESTS = 429;
const SERVER_ERRORS = 500;
const QUESTION = { 'content-type': 'application/json', accept: 'application/json, text/plain' };
/** an idle connection is kept so long for the next request */
const IDLE_MS = 15_000;

/**
 * All HTTP that leaves the broker. Addresses are judged where they are connected to, after their names were looked up:
 * a name that means something else tomorrow gains nothing. No redirect is followed, no proxy asked.
 */
export class Outbound {
  private readonly agents = {
    'http:': new HttpAgent({ keepAlive: true, timeout: IDLE_MS }),
    'https:': new HttpsAgent({ keepAlive: true, timeout: IDLE_MS }),
  };
  private readonly underWay = new Set<ClientRequest>();
  private closed = false;

  constructor(
    private readonly clock: Clock,
    private readonly rules: AddressRules,
    private readonly endpoints: Endpoints,
    /** of deliveries: those who ask are not kept waiting by them */
    readonly receivers: Endpoints,
  ) {}

  start(): void {
    // nothing begins by itself
  }

  /** What waits for an answer is given up; nothing is sent any more. */
  stop(): void {
    this.closed = true;
    for (const request of this.underWay) request.destroy(isStopping());
    for (const agent of Object.values(this.agents)) agent.destroy();
  }

  /**
   * Posts JSON; the whole exchange has 5 s.
   * @param urgently somebody waits for the answer: it is sent also to who was away a moment ago
   * @throws OutboundError nobody took it, as far as is known
   */
  async post(url: URL, document: object, urgently = false): Promise<Answer> {
    const unavailable = this.unavailable(url, urgently);
    if (unavailable) throw unavailable;
    this.endpoints.begin(url.origin);
    try {
      const body = Buffer.from(JSON.stringify(document));
      const answer = await this.exchange(url, QUESTION, body, TIME_OUT_MS, (response) =>
        read(url.origin, response),
      );
      this.endpoints.answered(url.origin);
      return answer;
    } catch (thrown) {
      const error = asOutboundError(url, thrown);
      // what the rules forbid is told each time: nobody waits for it to come back
      if (error.kind === 'refused') this.endpoints.notCalled(url.origin);
      else this.endpoints.away(url.origin);
      throw error;
    }
  }

  /**
   * Posts what is to be delivered; the whole exchange has 10 s, and of the answer's body nothing is kept. An endpoint whose
   * answers are not 2xx, or that gives none, five times in a row, is left alone for a while.
   * @throws OutboundError nobody took it, as far as is known
   */
  async deliver({ url, endpoint, headers, body }: Delivery): Promise<Delivered> {
    if (this.closed) throw isStopping();
    const unavailable = this.receivers.unavailable(endpoint, false);
    if (unavailable) throw unavailable;
    this.receivers.begin(endpoint);
    let delivered: Delivered;
    try {
      // counted like any failure: who may not be called any more gets no more messages than who is away
      const refusal = this.refusalOf(url);
      if (refusal !== undefined) throw new OutboundError('refused', refusal);
      delivered = await this.exchange(url, headers, body, DELIVERY_TIME_OUT_MS, (response) =>
        statusOf(response, this.clock),
      );
    } catch (error) {
      this.receivers.away(endpoint);
      throw asOutboundError(url, error);
    }
    const { status, retryAfterMs } = delivered;
    if (isTaken(status)) this.receivers.answered(endpoint);
    else this.receivers.away(endpoint, retryAfterMs);
    return delivered;
  }

  /** Why nothing is sent there now, as far as it can be said before its name is looked up. */
  unavailable(url: URL, urgently = false): OutboundError | undefined {
    if (this.closed) return isStopping();
    const refusal = this.refusalOf(url);
    if (refusal !== undefined) return new OutboundError('refused', refusal);
    return this.endpoints.unavailable(url.origin, urgently);
  }

  /**
   * An address as somebody gives it, who is to be told now what is wrong with it.
   * @param field where he gives it
   * @throws StatusError INVALID_PARAMETER
   */
  callable(field: string, text: string): URL {
    const url = httpUrl(field, text);
    const refusal = this.refusalOf(url);
    if (refusal !== undefined) throw new StatusError('INVALID_PARAMETER', `${field}: ${refusal}`);
    return url;
  }

  /** Why an address is never called; of a name that can only be said once it is looked up. */
  private refusalOf({ hostname }: URL): string | undefined {
    const literal = hostname.replace(/^\[|\]$/g, '');
    return isIP(literal) === 0 ? undefined : this.rules.refusal(literal);
  }

  private async exchange<T>(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: Buffer,
    timeOutMs: number,
    answerOf: (response: IncomingMessage) => Promise<T>,
  ): Promise<T> {
    const request = this.open(url, { ...headers, 'content-length': String(body.length) });
    const cancel = this.clock.after(timeOutMs, () =>
      request.destroy(new OutboundError('away', `${url.origin} did not answer within ${timeOutMs} ms`)),
    );
    this.underWay.add(request);
    try {
      return await new Promise((resolve, reject) => {
        request.on('response', (response) => void answerOf(response).then(resolve, reject));
        request.on('error', reject);
        request.end(body);
      });
    } catch (error) {
      // the other side closed a kept connection in the same moment: it has not seen this request
      if (request.reusedSocket && isReset(error) && !this.closed)
        return await this.exchange(url, headers, body, timeOutMs, answerOf);
      throw error;
    } finally {
      cancel();
      this.underWay.delete(request);
    }
  }

  private open(url: URL, more: Readonly<Record<string, string>>): ClientRequest {
    const headers = { ...more, 'user-agent': 'HalfMQ' };
    const options = { method: 'POST', headers, lookup: this.lookup };
    return url.protocol === 'https:'
      ? httpsRequest(url, { ...options, agent: this.agents['https:'] })
      : httpRequest(url, { ...options, agent: this.agents['http:'] });
  }

  /** The resolver's answer without what may not be called: what is left is what is connected to. */
  private readonly lookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '');
      const refusals = found.map(({ address }) => this.rules.refusal(address));
      const callable = found.filter((_, index) => refusals[index] === undefined);
      const [first] = callable;
      if (!first)
        return callback(new OutboundError('refused', `${hostname}: ${refusals[0] ?? 'no address'}`), '');
      if (options.all === true) callback(null, callable);
      else callback(null, first.address, first.family);
    });
  };
}

/** @throws OutboundError away: it cannot answer now */
async function read(origin: string, response: IncomingMessage): Promise<Answer> {
  const { statusCode: status = 0 } = response;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_ANSWER_BYTES)
      throw new OutboundError('away', `${origin} answers with more than ${MOST_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  if (status >= SERVER_ERRORS || status === TOO_MANY_REQUESTS)
    throw new OutboundError('away', `${origin} answers with HTTP ${status}`);
  return { status, body: Buffer.concat(chunks).toString() };
}

/** What it answers with is let go by, and a long one broken off: its status says it all. */
function statusOf(response: IncomingMessage, clock: Clock): Promise<Delivered> {
  const { statusCode: status = 0, headers } = response;
  let bytes = 0;
  return new Promise((resolve) => {
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MOST_ANSWER_BYTES) response.destroy();
    });
    // broken off by them: they have said what they had to
    response.on('error', () => undefined);
    response.on('close', () => resolve({ status, retryAfterMs: waitOf(headers['retry-after'], clock) }));
  });
}

/** Retry-After: seconds, or a moment. */
function waitOf(text: string | undefined, clock: Clock): number {
  if (text === undefined) return 0;
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - clock.now();
  return waitMs > 0 ? waitMs : 0;
}

export const isTaken = (status: number): boolean => status >= 200 && status < 300;

const isStopping = (): OutboundError => new OutboundError('closed', 'the broker is stopping');

function asOutboundError(url: URL, error: unknown): OutboundError {
  if (error instanceof OutboundError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new OutboundError('away', `${url.origin} cannot be reached (${code ?? message})`, { cause: error });
}

function isReset(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ECONNRESET';
}
