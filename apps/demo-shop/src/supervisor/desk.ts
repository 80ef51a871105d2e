import type { Clock } from '@halfmq/transaction';
import type { Customers } from './customers.js';
import type { Fleet } from './fleet.js';
import type { ChaosPoint, ChaosTarget, Request, ToSupervisor } from './messages.js';
import type { ModeFile } from './mode-file.js';

/** A killed order service could not answer the request that asked for it: the answer goes first. */
const ANSWER_FIRST_MS = 60;

/** Does what the order service asks for on behalf of its page: kills, the mode, the load. */
export class Desk {
  constructor(
    private readonly fleet: Fleet,
    private readonly mode: ModeFile,
    private readonly customers: Customers,
    private readonly clock: Clock,
  ) {}

  /** A message of the order service. */
  received(message: unknown): void {
    if (!isRequest(message)) return;
    let error: string | undefined;
    try {
      this.fulfil(message.request);
    } catch (refusal) {
      error = refusal instanceof Error ? refusal.message : String(refusal);
    }
    const answer = { kind: 'answer', id: message.id };
    this.fleet.tell('order', error === undefined ? answer : { ...answer, error });
  }

  private fulfil(request: Request): void {
    switch (request.kind) {
      case 'set-mode':
        this.mode.set(request.mode);
        this.fleet.report(`the shop now works in ${request.mode} mode`);
        for (const service of ['order', 'payment', 'stock']) {
          this.fleet.tell(service, { kind: 'mode', mode: request.mode });
        }
        break;
      case 'load':
        this.customers.start(request.orders, request.perSecond);
        this.fleet.report(`${request.orders} orders arrive at ${request.perSecond} a second`);
        break;
      case 'chaos':
        if (request.at === 'now') this.killNow(request.target);
        else this.arm(request.target, request.at);
    }
  }

  private killNow(target: ChaosTarget): void {
    const victim = this.fleet.running(target);
    this.fleet.report(`chaos: ${target} is killed now`);
    this.clock.after(ANSWER_FIRST_MS, () => victim.kill());
  }

  /** A broker knows no such point; the order service takes it down when it gets there itself. */
  private arm(target: ChaosTarget, at: ChaosPoint): void {
    const victim = this.fleet.running(target).pid;
    const carrier = target === 'broker' ? 'order' : target;
    this.fleet.running(carrier);
    this.fleet.tell(carrier, { kind: 'arm', at, victim });
    this.fleet.arm(target, at, carrier);
    this.fleet.report(`chaos: ${target} will be killed ${at.replace('-', ' ')}`);
  }
}

function isRequest(message: unknown): message is Extract<ToSupervisor, { kind: 'request' }> {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'request';
}
