import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { systemClock } from '@halfmq/remoting';
import { Hostility } from './hostility.js';
import { Sockets } from './sockets.js';

/** Work under way, see channels.ts of libs/transaction and of apps/broker. */
const WORK = ['halfmq:transaction:work', 'halfmq:broker:outbound'];
/** Turns of the event loop in which nothing happened. */
const QUIET_TURNS = 3;
/** After so many turns without quiet a thread or another process is waited for: no reason to spin. */
const SPINS = 200;
/** Work that moves nothing for so long is taken to wait for the clock itself, and no longer waited for. */
const PATIENCE_MS = 1_000;

/**
 * Knows when everything has ended that runs in this process on behalf of a test's broker and its clients:
 *
 *   no byte on its way    between two ends of the broker's connections, none being made or ended
 *   nothing due at once   no immediate (commits and answers of a turn), no file request (a sync, a key index)
 *   no work               no question to a check URL, no handler, check, verdict or `run` of a client, but for deliveries that are held (Hostility)
 *
 * and that for some turns of the event loop. A parked long poll is no byte on its way, and waits for a timer alone.
 */
export class Quiet {
  readonly sockets = new Sockets();
  /** what the sockets have moved, as of the last look */
  private last: number | undefined;
  private readonly working = new Set<Promise<unknown>>();

  constructor() {
    for (const channel of WORK) subscribe(channel, this.began);
  }

  stop(): void {
    for (const channel of WORK) unsubscribe(channel, this.began);
    this.sockets.stop();
  }

  async reached(): Promise<void> {
    // what moved nothing in its first turn, and left nothing to be done, has ended: most timers are of this kind
    await turn();
    if (this.sockets.moved() === this.last && this.isStill()) return;
    await this.calm();
  }

  private async calm(): Promise<void> {
    let since = systemClock.monotonic();
    for (let turns = 0, quiet = 0; quiet < QUIET_TURNS; turns++) {
      await (turns < SPINS ? turn() : nap());
      const moved = this.sockets.moved();
      const same = moved !== undefined && moved === this.last;
      if (!same) since = systemClock.monotonic();
      else if (this.isWorking && systemClock.monotonic() - since > PATIENCE_MS) this.working.clear();
      quiet = same && this.isStill() ? quiet + 1 : 0;
      this.last = moved;
    }
  }

  private get isWorking(): boolean {
    return this.working.size > Hostility.held;
  }

  private isStill(): boolean {
    return this.last !== undefined && !this.isWorking && !somethingIsDue();
  }

  private readonly began = (message: unknown): void => {
    const { work } = message as { work: Promise<unknown> };
    this.working.add(work);
    const ended = (): void => void this.working.delete(work);
    work.then(ended, ended);
  };
}

function somethingIsDue(): boolean {
  return process.getActiveResourcesInfo().some((kind) => kind === 'Immediate' || kind.startsWith('FSReq'));
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function nap(): Promise<void> {
  return new Promise((resolve) => void systemClock.after(1, resolve));
}
