import type { Frames, Protocol } from '../load.js';
import type { Server } from '../server.js';

export type Mode = 'async' | 'sync';

/** Another message broker, started as its users start it, and spoken to in its own protocol. */
export interface Peer {
  readonly name: string;
  /** What an answer promises in that mode: comparable with ours, or the closest there is. */
  readonly durability: Readonly<Record<Mode, string>>;
  /** Why it cannot be measured here; undefined when it can. */
  missing(mode: Mode): string | undefined;
  start(mode: Mode, folder: string): Promise<Server>;
  readonly protocol?: Protocol;
  readonly frames: (lane: number) => Frames;
}
