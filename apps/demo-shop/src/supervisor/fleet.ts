import type { Clock } from '@halfmq/transaction';
import { type ChaosPoint, type ChaosTarget, type FleetView, SERVICES, SHIPPING } from './messages.js';
import { type ProcessSpec, SupervisedProcess } from './supervised-process.js';

const EVENTS_KEPT = 30;
const GRACE_MS = 5000;
/** Many orders a second change the view; the page looks once a second. */
const TELL_EVERY_MS = 250;

interface Armed {
  readonly target: ChaosTarget;
  readonly at: ChaosPoint;
  /** Victim and carrier of the shot as they were: with either of them gone, it is gone. */
  readonly pids: ReadonlyMap<string, number | undefined>;
}

/** What the view says of more than processes. */
type Outside = Pick<FleetView, 'mode' | 'load' | 'delivery' | 'storm'>;

/** Every process of the shop, what is armed against them, and what happened to them. */
export class Fleet {
  private readonly processes: SupervisedProcess[] = [];
  private readonly events: { at: number; line: string }[] = [];
  private armed: Armed[] = [];
  private telling = false;
  private stopping = false;

  constructor(
    private readonly clock: Clock,
    private readonly log: (line: string) => void,
    private readonly outside: () => Outside,
  ) {}

  /** Starts a process and keeps it alive. Resolves when it is ready the first time. */
  start(spec: ProcessSpec): Promise<void> {
    const report = (line: string): void => this.report(line);
    const child = new SupervisedProcess(spec, this.clock, report, () => this.changed());
    this.processes.push(child);
    return child.start();
  }

  /** @throws Error when there is no such process, or it is down at the moment. */
  running(name: string): SupervisedProcess {
    const found = this.find(name);
    if (found === undefined) throw new Error(`The ${name} is not one of the shop's own processes.`);
    if (found.state !== 'running') throw new Error(`The ${name} is ${found.state} at the moment; try again.`);
    return found;
  }

  isRunning(name: string): boolean {
    return this.find(name)?.state === 'running';
  }

  tell(name: string, message: object): void {
    this.find(name)?.tell(message);
  }

  arm(target: ChaosTarget, at: ChaosPoint, carrier: ChaosTarget): void {
    const pids = new Map([target, carrier].map((name) => [name, this.find(name)?.pid]));
    this.armed.push({ target, at, pids });
    this.changed();
  }

  report(line: string): void {
    if (this.stopping) return;
    this.events.push({ at: this.clock.now(), line });
    if (this.events.length > EVENTS_KEPT) this.events.shift();
    this.log(line);
    this.changed();
  }

  view(): FleetView {
    const processes = this.processes.map(({ spec, state, pid, restarts }) => {
      return { name: spec.name, state, where: spec.where, pid, restarts };
    });
    this.armed = this.armed.filter(({ pids }) => {
      return [...pids].every(
        ([name, pid]) => this.find(name)?.pid === pid && this.find(name)?.state === 'running',
      );
    });
    const armed = this.armed.map(({ target, at }) => ({ target, at }));
    return { ...this.outside(), processes, armed, events: [...this.events] };
  }

  /** Tells the order service, at most every `TELL_EVERY_MS`. */
  changed(): void {
    if (this.telling || this.stopping) return;
    this.telling = true;
    this.clock.after(TELL_EVERY_MS, () => {
      this.telling = false;
      if (!this.stopping) this.tell('order', { kind: 'fleet', fleet: this.view() });
    });
  }

  /** In the order that lets each finish its work: services first, then the broker, then what they all stand on. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const round of [[...SERVICES, SHIPPING], ['broker'], ['name server', 'PostgreSQL']]) {
      const children = this.processes.filter(({ spec }) => round.includes(spec.name));
      await Promise.all(children.map((child) => child.stop(GRACE_MS)));
    }
  }

  /** Ends everything at once. */
  killAll(): void {
    this.stopping = true;
    for (const child of this.processes) child.end();
  }

  private find(name: string): SupervisedProcess | undefined {
    return this.processes.find((child) => child.spec.name === name);
  }
}
