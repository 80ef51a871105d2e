import type { Clock } from '@halfmq/transaction';
import type { Customers } from './customers.js';
import type { Fleet } from './fleet.js';
import {
  AS_IT_COMES,
  CHAOS_MOMENTS,
  CHAOS_TARGETS,
  type ChaosMoment,
  type ChaosPoint,
  type ChaosTarget,
  type Delivery,
  type FleetView,
  KILLED_AT_ONCE,
  type Request,
  SERVICES,
  type ToSupervisor,
} from './messages.js';
import type { ModeFile } from './mode-file.js';
import { Storm } from './storm.js';

/** A killed order service could not answer the request that asked for it: the answer goes first. */
const ANSWER_FIRST_MS = 60;

const dieAtOnce: readonly ChaosTarget[] = KILLED_AT_ONCE;

/** Does what the order service asks for on behalf of its page: kills, the mode, the load, how messages come. */
export class Desk {
  readonly storm: Storm;
  private delivery: Delivery = AS_IT_COMES;

  constructor(
    private readonly fleet: Fleet,
    private readonly mode: ModeFile,
    private readonly customers: Customers,
    private readonly clock: Clock,
    private readonly random: () => number = Math.random,
  ) {
    this.storm = new Storm(
      clock,
      () => this.strike(),
      () => fleet.changed(),
    );
  }

  /** How the shop works at this moment. */
  get view(): Pick<FleetView, 'mode' | 'delivery' | 'storm'> {
    return { mode: this.mode.mode, delivery: this.delivery, storm: this.storm.view };
  }

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
        for (const service of SERVICES) this.fleet.tell(service, { kind: 'mode', mode: request.mode });
        break;
      case 'delivery':
        this.deliver(request.delivery);
        break;
      case 'storm':
        this.fleet.report(`chaos: something dies every ${request.everyMs} ms, for ${request.seconds} s`);
        this.storm.start(request.seconds, request.everyMs);
        break;
      case 'load':
        this.customers.start(request.orders, request.perSecond);
        this.fleet.report(`${request.orders} orders arrive at ${request.perSecond} a second`);
        break;
      case 'chaos':
        this.shoot(request.target, request.at);
    }
  }

  private deliver(delivery: Delivery): void {
    this.delivery = delivery;
    const how = [delivery.twice && 'twice', delivery.disorder && 'out of order'].filter(Boolean);
    if (delivery.delayMs > 0) how.push(`${delivery.delayMs} ms late`);
    this.fleet.report(`messages are delivered ${how.length === 0 ? 'as they come' : how.join(', ')}`);
    for (const service of SERVICES) this.fleet.tell(service, { kind: 'delivery', delivery });
  }

  private shoot(target: ChaosTarget, at: ChaosMoment): void {
    if (at === 'now') this.killNow(target);
    else if (dieAtOnce.includes(target))
      throw new Error(`The ${target} takes no part in transactions: kill it now.`);
    else this.arm(target, at);
  }

  /** Whatever runs, at any moment. */
  private strike(): boolean {
    const there = CHAOS_TARGETS.filter((target) => this.fleet.isRunning(target));
    const target = this.oneOf(there);
    if (target === undefined) return false;
    const at = dieAtOnce.includes(target) ? 'now' : (this.oneOf(CHAOS_MOMENTS) ?? 'now');
    try {
      this.shoot(target, at);
      return true;
    } catch {
      // it, or who was to shoot it, died by another hand
      return false;
    }
  }

  private oneOf<T>(all: readonly T[]): T | undefined {
    return all[Math.floor(this.random() * all.length)];
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
