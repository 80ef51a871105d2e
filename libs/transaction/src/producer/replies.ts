import {
  inflateBody,
  parseProperties,
  PropertyName,
  type Cancel,
  type Clock,
  type PushReplyMessageToClientHeader,
} from '@halfmq/remoting';
import { RequestTimedOut } from '../errors.js';

/** What a request was answered with. */
export interface Answer {
  /** decompressed */
  readonly body: Buffer;
  readonly properties: ReadonlyMap<string, string>;
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly cancel: Cancel;
}

/** Requests of this client that wait for their replies, by correlation id. */
export class Replies {
  private readonly waiting = new Map<string, Waiting>();

  constructor(private readonly clock: Clock) {}

  /** @throws RequestTimedOut */
  expect(correlationId: string, topic: string, timeoutMs: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const cancel = this.clock.after(timeoutMs, () => {
        this.waiting.delete(correlationId);
        reject(new RequestTimedOut(topic, timeoutMs));
      });
      this.waiting.set(correlationId, { resolve, cancel });
    });
  }

  /** The request was not sent. */
  forget(correlationId: string): void {
    this.waiting.get(correlationId)?.cancel();
    this.waiting.delete(correlationId);
  }

  /** @returns false: nobody waits for it (any more). @throws for a body that cannot be decompressed */
  came({ properties, sysFlag }: PushReplyMessageToClientHeader, body: Buffer): boolean {
    const read = parseProperties(properties ?? '');
    const correlationId = read.get(PropertyName.CORRELATION_ID) ?? '';
    const waiting = this.waiting.get(correlationId);
    if (!waiting) return false;
    // first, since it may throw: who waits then still has its time
    const answer = { body: Buffer.from(inflateBody({ sysFlag, body })), properties: read };
    this.forget(correlationId);
    waiting.resolve(answer);
    return true;
  }
}
