import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { CHAOS_POINTS, type ChaosPoint } from '../supervisor/messages.js';

/** Where the client library says that a transaction has come this far; it goes on when we return. */
const CHANNELS: Readonly<Record<ChaosPoint, string>> = {
  'after-half': 'halfmq:transaction:after-half',
  'after-commit': 'halfmq:transaction:after-commit',
};

type Kill = (pid: number) => void;

/**
 * Kills a process, mostly this one, when a transaction reaches a point. The library publishes its points synchronously:
 * nothing happens between the point and the kill.
 */
export class CrashPoints {
  private readonly armed: { readonly at: ChaosPoint; readonly victim: number }[] = [];
  private readonly listeners = CHAOS_POINTS.map((at) => {
    return { channel: CHANNELS[at], listener: (): void => this.reached(at) };
  });

  constructor(private readonly kill: Kill = (pid) => void process.kill(pid, 'SIGKILL')) {}

  listen(): void {
    for (const { channel, listener } of this.listeners) subscribe(channel, listener);
  }

  close(): void {
    for (const { channel, listener } of this.listeners) unsubscribe(channel, listener);
  }

  /** One shot. */
  arm(at: ChaosPoint, victim: number): void {
    this.armed.push({ at, victim });
  }

  /** Called by the library's channels, and by plain mode, which has no library to say so. */
  reached(at: ChaosPoint): void {
    const index = this.armed.findIndex((shot) => shot.at === at);
    if (index < 0) return;
    const [shot] = this.armed.splice(index, 1);
    if (shot === undefined) return;
    try {
      this.kill(shot.victim);
    } catch {
      // The victim died by another hand meanwhile; the shot is spent.
    }
  }
}
