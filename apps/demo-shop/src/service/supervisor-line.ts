import type {
  ChaosPoint,
  Delivery,
  FleetView,
  Mode,
  Request,
  ServiceSettings,
  ToService,
} from '../supervisor/messages.js';
import { SERVICE_SETTINGS } from '../supervisor/messages.js';

/** @throws Error when this process was not started by the shop's supervisor. */
export function readServiceSettings(): ServiceSettings {
  const text = process.env[SERVICE_SETTINGS];
  if (text === undefined) throw new Error('The services are started by the shop: run `halfmq shop`.');
  return JSON.parse(text) as ServiceSettings;
}

/** A request the supervisor could not fulfil, in its words. */
export class SupervisorRefused extends Error {
  override readonly name = 'SupervisorRefused';
}

/** What the supervisor orders. */
export interface Orders {
  arm(at: ChaosPoint, victim: number): void;
  deliver(habits: Delivery): void;
}

/** This service's end of the IPC channel to the supervisor. */
export class SupervisorLine {
  /** As the supervisor told it last; undefined until it did. */
  fleet: FleetView | undefined;
  private lastId = 0;
  private readonly waiting = new Map<number, { resolve(): void; reject(error: Error): void }>();

  constructor(
    /** The mode this service works in. */
    public mode: Mode,
    private readonly orders: Orders,
  ) {}

  listen(): void {
    process.on('message', (message) => this.heard(message as ToService));
    // The guard that ends orphans does not hold a process; a service lives as long as it is listened to.
    process.channel?.ref();
  }

  ready(): void {
    process.send?.({ kind: 'ready' });
  }

  /** @throws SupervisorRefused with the supervisor's reason. */
  ask(request: Request): Promise<void> {
    const id = (this.lastId += 1);
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      process.send?.({ kind: 'request', id, request });
    });
  }

  private heard(message: ToService): void {
    switch (message.kind) {
      case 'mode':
        this.mode = message.mode;
        break;
      case 'arm':
        this.orders.arm(message.at, message.victim);
        break;
      case 'delivery':
        this.orders.deliver(message.delivery);
        break;
      case 'fleet':
        this.fleet = message.fleet;
        break;
      case 'answer': {
        const waiter = this.waiting.get(message.id);
        this.waiting.delete(message.id);
        if (message.error === undefined) waiter?.resolve();
        else waiter?.reject(new SupervisorRefused(message.error));
      }
    }
  }
}
