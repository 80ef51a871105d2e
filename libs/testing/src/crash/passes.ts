import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Life } from './life.js';

/**
 * The steps at which a process can die with a difference, in the order of a transaction. Named diagnostics channels, see
 * channels.ts of libs/transaction, apps/broker and libs/store.
 */
const POINTS = [
  'halfmq:transaction:before-half',
  'halfmq:transaction:after-half',
  'halfmq:transaction:after-commit',
  'halfmq:transaction:after-end',
  'halfmq:transaction:after-outbox',
  'halfmq:transaction:after-relay',
  'halfmq:transaction:check',
  'halfmq:transaction:handled',
  'halfmq:broker:asked',
  'halfmq:store:before-commit',
  'halfmq:store:after-commit',
];

/** A step that a scenario has passed. */
export interface CrashPoint {
  /** the diagnostics channel */
  readonly point: string;
  /** 1: when it was passed for the first time */
  readonly pass: number;
}

export function describe({ point, pass }: CrashPoint): string {
  return pass === 1 ? point : `${point}, pass ${pass}`;
}

/** Writes down which points a life passes, in order, and says when one of them is reached. */
export class Passes {
  readonly seen: CrashPoint[] = [];
  private readonly counts = new Map<string, number>();
  private readonly stopListening: () => void;

  /**
   * @param folder of the broker's store
   * @param reached called at the pass `awaited`, in the middle of it
   */
  constructor(
    private readonly life: Life,
    private readonly folder: string,
    private readonly awaited: CrashPoint | undefined,
    private readonly reached: () => void,
  ) {
    const listeners = POINTS.map((point) => ({
      point,
      listener: (message: unknown) => {
        if (this.isOwn(message as { path?: string })) this.passed(point);
      },
    }));
    for (const { point, listener } of listeners) subscribe(point, listener);
    this.stopListening = () => {
      for (const { point, listener } of listeners) unsubscribe(point, listener);
    };
  }

  stop(): void {
    this.stopListening();
  }

  /** What a server reads from its sockets belongs to no life, but the store says where it is. */
  private isOwn({ path }: { path?: string }): boolean {
    return path === undefined ? Life.now === this.life : path.startsWith(this.folder);
  }

  private passed(point: string): void {
    const pass = (this.counts.get(point) ?? 0) + 1;
    this.counts.set(point, pass);
    this.seen.push({ point, pass });
    if (point !== this.awaited?.point || pass !== this.awaited.pass) return;
    this.stop();
    this.reached();
  }
}
