import { RemotingError, type Clock } from '@halfmq/remoting';
import type { Receive, ReceivedMessage, ReceiveRequest } from '../consume/pop/receive.js';
import type { OtherBroker } from '../grpc/elsewhere/other-broker.js';
import type { OtherBrokers } from '../grpc/elsewhere/other-brokers.js';
import { unknown } from './forwarded-messages.js';
import { Notices, pause } from './notices.js';

/** before a broker is looked at again that said it has something, and handed out nothing */
const BREATH_MS = 50;

/** Receives by HTTP, from all brokers that have the topic. */
export class ForwardedReceives implements Pick<Receive, 'receive'> {
  private readonly waiting = new Set<AbortController>();
  private readonly notices: Notices;
  private stopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly others: OtherBrokers,
  ) {
    this.notices = new Notices(clock);
  }

  /** Who waits is answered with nothing, now and from now on. */
  stop(): void {
    this.stopped = true;
    for (const gone of this.waiting) gone.abort();
  }

  async receive(request: ReceiveRequest, left: AbortSignal): Promise<readonly ReceivedMessage[]> {
    const gone = new AbortController();
    if (this.stopped || left.aborted) return [];
    const leave = (): void => gone.abort();
    left.addEventListener('abort', leave, { once: true });
    this.waiting.add(gone);
    try {
      return await this.fromAll(request, gone.signal);
    } finally {
      this.waiting.delete(gone);
      left.removeEventListener('abort', leave);
    }
  }

  private async fromAll(request: ReceiveRequest, gone: AbortSignal): Promise<readonly ReceivedMessage[]> {
    const brokers = await this.others.allToReceive(request.topic);
    const [first, second] = brokers;
    if (!first) throw unknown(request.topic);
    // one alone holds the request itself
    if (!second) return first.receive(request, gone);
    const until = this.clock.now() + request.waitMs;
    let isSaid = false;
    while (!gone.aborted) {
      const found = await this.now(brokers, { ...request, waitMs: 0 }, gone);
      const leftMs = until - this.clock.now();
      if (found.length > 0 || leftMs <= 0) return found;
      if (isSaid) await pause(this.clock, BREATH_MS, gone);
      isSaid = await this.notices.any(brokers, request, leftMs, gone);
    }
    return [];
  }

  /** What the first has that has something. One that cannot be reached is passed over while another can. */
  private async now(
    brokers: readonly OtherBroker[],
    request: ReceiveRequest,
    gone: AbortSignal,
  ): Promise<readonly ReceivedMessage[]> {
    const failures: unknown[] = [];
    for (const broker of brokers) {
      try {
        const found = await broker.receive(request, gone);
        if (found.length > 0) return found;
      } catch (error) {
        if (!(error instanceof RemotingError)) throw error;
        failures.push(error);
      }
    }
    if (failures.length === brokers.length) throw failures[0];
    return [];
  }
}
