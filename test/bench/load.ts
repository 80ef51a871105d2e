import { connect, type Socket } from 'node:net';
import { FrameCounter, mustBeOk } from './answers.js';
import { Latencies, type Percentiles } from './latencies.js';

/**
 * The load generator. It must not be what is measured, so a lane (one connection) keeps one buffer with a slot for each
 * request in flight: frames are encoded once, patched in place, and written straight from there, as many in one write as
 * answers came in one read. A slot is free again when its place in the window was answered: the server has read it then.
 */

/** Frames of one length, of which each differs only where `patch` writes. */
export interface Frames {
  readonly template: Buffer;
  /** @param sequence counts the frames of the lane */
  patch(target: Buffer, at: number, sequence: number): void;
}

export interface Target {
  readonly host?: string;
  readonly port: number;
}

/** How a connection of another kind of server begins, and how its answers are counted. */
export interface Protocol {
  /** @throws Error at a refusal */
  counter(): { take(chunk: Buffer): number };
  /** Called once the socket is open, before any frame. */
  greet?(socket: Socket, lane: number): Promise<void>;
}

const REMOTING: Protocol = { counter: () => new FrameCounter(mustBeOk) };

export interface Load {
  /** lanes are dealt out to these in turn */
  readonly targets: readonly Target[];
  readonly connections: number;
  /** requests in flight per connection */
  readonly window: number;
  /** answers to wait for, over all connections */
  readonly total: number;
  readonly frames: (lane: number) => Frames;
  /** RocketMQ's remoting protocol by default */
  readonly protocol?: Protocol;
}

export interface LoadResult extends Percentiles {
  readonly total: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** what this generator spent on each request, beside the server */
  readonly loadMicros: number;
}

/** One connection and the requests in flight on it. */
export class Lane {
  private readonly ring: Buffer;
  private readonly size: number;
  private readonly sentAt: Float64Array;
  sent = 0;
  answered = 0;

  constructor(
    private readonly socket: Socket,
    private readonly frames: Frames,
    private readonly slots: number,
    private readonly latencies: Latencies,
    private readonly counter: { take(chunk: Buffer): number },
    private readonly onAnswers: (lane: Lane, count: number) => void,
  ) {
    this.size = frames.template.length;
    this.ring = Buffer.alloc(this.size * slots);
    for (let slot = 0; slot < slots; slot++) frames.template.copy(this.ring, slot * this.size);
    this.sentAt = new Float64Array(slots);
    socket.on('data', (chunk: Buffer) => this.read(chunk));
  }

  get free(): number {
    return this.slots - (this.sent - this.answered);
  }

  /** @param intended when each was to be sent; all of them now by default */
  send(count: number, intended?: (nth: number) => number): void {
    const now = performance.now();
    const first = this.sent % this.slots;
    for (let nth = 0; nth < count; nth++) {
      const slot = this.sent % this.slots;
      this.frames.patch(this.ring, slot * this.size, this.sent++);
      this.sentAt[slot] = intended ? intended(nth) : now;
    }
    const straight = Math.min(count, this.slots - first);
    this.socket.cork();
    this.socket.write(this.ring.subarray(first * this.size, (first + straight) * this.size));
    if (straight < count) this.socket.write(this.ring.subarray(0, (count - straight) * this.size));
    this.socket.uncork();
  }

  private read(chunk: Buffer): void {
    let count: number;
    try {
      count = this.counter.take(chunk);
    } catch (error) {
      this.socket.destroy(error as Error);
      return;
    }
    const now = performance.now();
    for (let nth = 0; nth < count; nth++) {
      this.latencies.add(now - (this.sentAt[this.answered++ % this.slots] ?? now));
    }
    if (count > 0) this.onAnswers(this, count);
  }
}

/** Keeps `window` requests in flight on each connection until all are answered. */
export async function run(load: Load): Promise<LoadResult> {
  const share = Math.floor(load.total / load.connections);
  const window = Math.min(load.window, share);
  return drive(load, share * load.connections, window, (lanes, done) => {
    let open = lanes.length;
    for (const lane of lanes) lane.send(window);
    return (lane, count) => {
      const more = Math.min(count, share - lane.sent);
      if (more > 0) lane.send(more);
      if (lane.answered === share && --open === 0) done();
    };
  });
}

/**
 * Sends at a steady rate whatever the answers do, and measures from the time a request was due, so that a stall counts
 * for all that were due in it. It spins, since timers of a millisecond would be most of what is measured.
 */
export async function runPaced(load: Load, perSecond: number): Promise<LoadResult> {
  return drive(load, load.total, load.window, (lanes, done) => {
    const begun = performance.now();
    const every = 1000 / perSecond;
    let due = 0;
    let turn = 0;
    let answered = 0;
    const tick = (): void => {
      const wanted = Math.min(load.total, Math.floor((performance.now() - begun) / every) + 1) - due;
      const share = Math.ceil(wanted / lanes.length);
      for (let left = wanted, nth = 0; left > 0 && nth < lanes.length; nth++) {
        const lane = lanes[turn++ % lanes.length];
        const count = Math.min(share, left, lane?.free ?? 0);
        const first = begun + due * every;
        if (count > 0) lane?.send(count, (place) => first + place * every);
        due += count;
        left -= count;
      }
      if (answered < load.total) setImmediate(tick);
    };
    tick();
    return (_, count) => {
      answered += count;
      if (answered === load.total) done();
    };
  });
}

type OnAnswers = (lane: Lane, count: number) => void;

async function drive(
  load: Load,
  total: number,
  slots: number,
  begin: (lanes: readonly Lane[], done: () => void) => OnAnswers,
): Promise<LoadResult> {
  const { protocol = REMOTING, frames } = load;
  const sockets = await dialAll(load);
  for (const [lane, socket] of sockets.entries()) await protocol.greet?.(socket, lane);
  const latencies = new Latencies(total);
  let onAnswers: OnAnswers = () => undefined;
  const answered: OnAnswers = (lane, count) => onAnswers(lane, count);
  const lanes = sockets.map(
    (socket, index) => new Lane(socket, frames(index), slots, latencies, protocol.counter(), answered),
  );
  return measured(sockets, latencies, total, (done) => {
    onAnswers = begin(lanes, done);
  });
}

/** From `begin` until it says that all was answered; the sockets are gone then. */
export async function measured(
  sockets: readonly Socket[],
  latencies: Latencies,
  total: number,
  begin: (done: () => void) => void,
): Promise<LoadResult> {
  const begun = performance.now();
  const cpu = process.cpuUsage();
  try {
    await new Promise<void>((resolve, reject) => {
      for (const socket of sockets) {
        socket.once('error', reject);
        socket.once('close', () => reject(new Error('the server closed the connection under load')));
      }
      begin(resolve);
    });
    const seconds = (performance.now() - begun) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const rate = { total, seconds, perSecond: total / seconds, loadMicros: (user + system) / total };
    return { ...rate, ...latencies.percentiles() };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

export function dialAll(load: Pick<Load, 'targets' | 'connections'>): Promise<Socket[]> {
  return Promise.all(
    Array.from({ length: load.connections }, (_, index) => {
      const target = load.targets[index % load.targets.length];
      if (!target) throw new Error('a load needs a target');
      return dial(target);
    }),
  );
}

function dial({ host = '127.0.0.1', port }: Target): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host, noDelay: true }, () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}
