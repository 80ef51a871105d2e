import { Disk, type Image, type Lie } from './disk.js';
import type { Luck } from './file-content.js';
import { Promises, type Note } from './promises.js';
import { Random } from './random.js';
import type { Recording } from './recording.js';
import { Kind, type Entry } from './trace.js';

/** One power cut: which follows from its seed alone, for one recording. */
export interface Cut {
  readonly seed: number;
  /** entries of the trace that went by */
  readonly at: number;
}

/** A recording as it goes by: the disk and the promises at each of its cuts. */
export class Cutting {
  private readonly entries: readonly Entry[];
  /** between any two calls, and those at which names, sizes or promises change: they are few among the writes */
  private readonly moments: readonly number[];
  private readonly turns: readonly number[];
  private readonly disk: Disk;
  readonly promises: Promises;

  constructor(recording: Recording, lie?: Lie) {
    this.entries = recording.entries();
    this.moments = this.entries.flatMap(({ kind }, index) => (kind === Kind.NOTE ? [] : [index + 1]));
    this.turns = this.entries.flatMap(({ kind }, index) =>
      kind === Kind.NOTE || kind === Kind.WRITE || kind === Kind.CLOSE ? [] : [index, index + 1, index + 2],
    );
    this.disk = new Disk(recording.root, this.entries, recording.base(), lie);
    const history = recording.history();
    this.promises = history ? Promises.from(history) : new Promises();
  }

  /** Cuts of these seeds, in the order in which they can be made. */
  plan(seeds: readonly number[]): Cut[] {
    const at = (seed: number): number => {
      const random = new Random(seed);
      const moments = random.chance(0.4) ? this.turns : this.moments;
      return moments[random.below(moments.length)] ?? 0;
    };
    return seeds.map((seed) => ({ seed, at: at(seed) })).sort((a, b) => a.at - b.at);
  }

  /** Cuts must come in order. */
  make({ seed, at }: Cut): { image: Image; promises: Promises } {
    this.disk.advance(at, ({ kind, payload }, index) => {
      if (kind === Kind.NOTE) this.promises.take(JSON.parse(payload.toString()) as Note, index);
    });
    const random = new Random(seed + 0.5 * 2 ** 32);
    this.promises.syncedBefore(this.disk.logDoubt);
    const promises = Promises.from(this.promises.handOver());
    return { image: this.disk.afterCut(random, this.luck(random)), promises };
  }

  private luck(random: Random): Luck {
    return {
      keep: random.of([0, 0.1, 0.5, 0.9, 1]),
      torn: random.of([0, 0.2, 1]),
      shuffled: random.chance(0.5),
      stale: random.chance(0.2) ? this.somethingElse(random) : undefined,
    };
  }

  /** Bytes that were written elsewhere: what an unwritten place of a disk may hold. */
  private somethingElse(random: Random): Buffer | undefined {
    for (let attempt = 0; attempt < 20; attempt++) {
      const entry = this.entries[random.below(this.entries.length)];
      if (entry?.kind === Kind.WRITE && entry.payload.length >= 4096) return entry.payload;
    }
    return undefined;
  }
}
