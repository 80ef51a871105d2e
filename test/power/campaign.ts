import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { check, type Checked } from './checking.js';
import { Cutting } from './cuts.js';
import { Random } from './random.js';
import { Recording, type FlushMode } from './recording.js';

const MODES: readonly FlushMode[] = ['ASYNC_FLUSH', 'SYNC_FLUSH'];
/** Cuts of one life: an empty disk, then two disks that a power cut has left. */
const CUTS_A_LIFE = 600;
const PARTS = [0.5, 0.3, 0.2] as const;
const TURNS = [150, 80, 60] as const;
const SESSIONS = [3, 2, 2] as const;

export interface Generation {
  readonly name: string;
  readonly recording: Recording;
  readonly checked: Checked;
}

/**
 * Lives of stores. The first recording of a life begins with an empty disk; the second with what a cut of the first one
 * left, so that its cuts fall into recoveries and into what comes after them; the third is the same once more.
 */
export class Campaign {
  constructor(
    private readonly library: string,
    private readonly folder: string,
    private readonly seed: number,
    private readonly cuts: number,
  ) {}

  async *run(): AsyncGenerator<Generation> {
    const lives = Math.max(MODES.length, Math.round(this.cuts / CUTS_A_LIFE));
    for (let life = 0; life < lives; life++) {
      const share = Math.ceil(this.cuts / lives);
      yield* this.live(life, share);
    }
  }

  private async *live(life: number, cuts: number): AsyncGenerator<Generation> {
    const random = new Random(this.seed * 1000 + life);
    const mode = MODES[life % MODES.length] ?? 'ASYNC_FLUSH';
    const folder = join(this.folder, `life-${life}`);
    let before: Recording | undefined;
    for (const [generation, part] of PARTS.entries()) {
      const recording = this.begin(join(folder, String(generation)), mode, before, random);
      await recording.run(this.library, random, SESSIONS[generation] ?? 1, TURNS[generation] ?? 1);
      const first = random.below(2 ** 30);
      const seeds = Array.from({ length: Math.round(cuts * part) }, (_, index) => first + index);
      const checked = await this.check(recording, seeds);
      yield { name: `life ${life} ${mode} after ${generation} cuts`, recording, checked };
      before = recording;
    }
    rmSync(folder, { recursive: true });
  }

  private begin(folder: string, mode: FlushMode, before: Recording | undefined, random: Random): Recording {
    if (!before) return Recording.begin(folder, mode);
    const cutting = new Cutting(before);
    const [cut] = cutting.plan([random.below(2 ** 30)]);
    if (!cut) return Recording.begin(folder, mode);
    const { image, promises } = cutting.make(cut);
    return Recording.begin(folder, mode, { image, history: promises.handOver() });
  }

  /** In two processes, half of the cuts each. */
  private async check(recording: Recording, seeds: readonly number[]): Promise<Checked> {
    const { library } = this;
    const halves = [0, 1].map(async (half) => {
      const folder = join(this.folder, `checker-${half}`);
      mkdirSync(folder, { recursive: true });
      return check(recording, { library, folder, seeds: seeds.filter((_, index) => index % 2 === half) });
    });
    const [one, other] = await Promise.all(halves);
    return {
      cuts: (one?.cuts ?? 0) + (other?.cuts ?? 0),
      promising: (one?.promising ?? 0) + (other?.promising ?? 0),
      failures: [...(one?.failures ?? []), ...(other?.failures ?? [])],
    };
  }
}
