import { randomInt } from 'node:crypto';
import { systemClock, type Cancel } from '@halfmq/remoting';
import { InvalidOption, type HandedOut, type HandOut } from '@halfmq/transaction';

/** What at-least-once delivery allows a broker to do, and a test broker does; each kind can be left out. */
export interface HostileOptions {
  /** each message is handled twice; yes unless told */
  readonly twice?: boolean | undefined;
  /** in an order of its own, except within a queue of an ordered handler; yes unless told */
  readonly reordered?: boolean | undefined;
  /** only when nothing else is under way; yes unless told */
  readonly late?: boolean | undefined;
  /** the same seed gives the same order; HALFMQ_TEST_SEED, or one by chance, unless told */
  readonly seed?: number | undefined;
}

interface Held extends HandedOut {
  readonly turn: number;
  readonly go: () => void;
}

/** Deliveries nobody lets through by settling, because the test waits for something else, go on after so long. */
const UNSETTLED_MS = 50;

const SEED = 'HALFMQ_TEST_SEED';
const KINDS = ['twice', 'reordered', 'late'] as const satisfies (keyof HostileOptions)[];

/**
 * Deliveries as unkind as the promise "at least once" allows. Each is held until all else that is under way has come to
 * rest; then one of those held is let through, chosen by the seed, and so on until none is left. When its handler has
 * succeeded it is held once more, to be handled a second time. A handler in order gets one message of a queue or a key at a
 * time, so its order stays.
 */
export class Hostility {
  /** held ones of all brokers of this process: their handlers count as running, and do not */
  static held = 0;

  readonly seed: number;
  private readonly waiting = new Set<Held>();
  private readonly seen = new WeakSet<object>();
  private readonly repeated = new WeakSet<object>();
  private readonly twice: boolean;
  private readonly reordered: boolean;
  private readonly holds: boolean;
  private readonly random: () => number;
  private turns = 0;
  private settling = 0;
  private free = false;
  private cancel: Cancel | undefined;

  /** @throws InvalidOption */
  constructor(options: boolean | HostileOptions = true) {
    const { twice = true, reordered = true, late = true, seed } = kindsOf(options);
    this.seed = seed ?? seedOfEnvironment() ?? randomInt(2 ** 31);
    this.random = randomOf(this.seed);
    this.twice = twice;
    this.reordered = reordered;
    this.holds = reordered || late;
  }

  /** For the clients: all their deliveries pass through here. */
  readonly handOut: HandOut = async (delivery, handle) => {
    const messages = [delivery.message, ...delivery.others];
    for (const message of messages) this.seen.add(message);
    await this.turn(delivery);
    await handle();
    if (!this.twice || this.free) return;
    await this.turn(delivery);
    for (const message of messages) this.repeated.add(message);
    await handle();
  };

  get isOn(): boolean {
    return this.twice || this.holds;
  }

  /** Whether it went through here: to a handler of this broker's clients. */
  handedOut(message: object): boolean {
    return this.seen.has(message);
  }

  /** Whether a handler has seen it twice, and said yes the first time. */
  wasRepeated(message: object): boolean {
    return this.repeated.has(message);
  }

  /** @param rest resolves when all that is not held has come to rest */
  async settle(rest: () => Promise<void>): Promise<void> {
    this.settling++;
    try {
      do await rest();
      while (this.next());
    } finally {
      this.settling--;
      this.watch();
    }
  }

  /** From now on all goes through as it comes: the broker closes. */
  end(): void {
    this.free = true;
    this.cancel?.();
    while (this.next());
  }

  private turn(delivery: HandedOut): Promise<void> {
    if (!this.holds || this.free) return Promise.resolve();
    return new Promise((go) => {
      this.waiting.add({ ...delivery, turn: this.turns++, go });
      Hostility.held++;
      this.watch();
    });
  }

  private watch(): void {
    if (this.settling > 0 || this.waiting.size === 0 || this.free) return;
    this.cancel ??= systemClock.after(UNSETTLED_MS, () => {
      this.cancel = undefined;
      if (this.settling === 0) while (this.next());
    });
  }

  /** Lets one through. @returns false when none is held */
  private next(): boolean {
    const waiting = [...this.waiting].sort(this.reordered ? byPlace : byTurn);
    const chosen = waiting[this.reordered ? Math.floor(this.random() * waiting.length) : 0];
    if (!chosen) return false;
    this.waiting.delete(chosen);
    Hostility.held--;
    chosen.go();
    return true;
  }
}

function kindsOf(options: boolean | HostileOptions): HostileOptions {
  if (typeof options === 'boolean') return { twice: options, reordered: options, late: options };
  for (const [name, value] of Object.entries(options)) {
    const known =
      name === 'seed' ? isSeed(value) : (KINDS as readonly string[]).includes(name) && isFlag(value);
    if (value !== undefined && !known) {
      throw new InvalidOption(
        `hostile: false, or { ${KINDS.join(', ')}: boolean, seed: whole number } expected, got ${JSON.stringify(options)}`,
      );
    }
  }
  return options;
}

function isFlag(value: unknown): boolean {
  return typeof value === 'boolean';
}

function isSeed(value: unknown): boolean {
  return Number.isSafeInteger(value);
}

function seedOfEnvironment(): number | undefined {
  const text = process.env[SEED];
  if (text === undefined || text === '') return undefined;
  const seed = Number(text);
  if (!isSeed(seed)) throw new InvalidOption(`${SEED}: whole number expected, got ${text}`);
  return seed;
}

/** The order of what waits must not hang on which socket was faster. */
function byPlace(a: Held, b: Held): number {
  return placeOf(a) < placeOf(b) ? -1 : 1;
}

function placeOf({ group, message }: Held): string {
  const { topic, queueId, queueOffset, reconsumeTimes } = message;
  const numbers = [queueId, queueOffset, reconsumeTimes].map((part) => String(part).padStart(12, '0'));
  return [group, topic, ...numbers].join(' ');
}

function byTurn(a: Held, b: Held): number {
  return a.turn - b.turn;
}

/** mulberry32: from 0 to below 1. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
