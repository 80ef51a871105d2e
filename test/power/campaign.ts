import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { check, type Checked } from './checking.js';
import { Cutting } from './cuts.js';
import { Random } from './random.js';
import { Recording, type Shape } from './recording.js';

const SHAPES: readonly [Shape, ...Shape[]] = [
  { flush: 'ASYNC_FLUSH', apart: false },
  { flush: 'SYNC_FLUSH', apart: false },
  { flush: 'SYNC_FLUSH', apart: true },
  { flush: 'ASYNC_FLUSH', apart: true },
];
/** Cuts of one life: an empty disk, then two disks that a power cut has left. */
const CUTS_A_LIFE = 500;
const PARTS = [0.5, 0.3, 0.2] as const;
const TURNS = [150, 80, 60] as const;
/** Lives at the same time, each with one process at work. */
const AT_ONCE = 2;
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

  /** @param each told of each recording whose cuts were checked, while its folder is still there */
  async run(each: (generation: Generation) => void): Promise<void> {
    const lives = Math.max(SHAPES.length, Math.round(this.cuts / CUTS_A_LIFE));
    let next = 0;
    const side = async (): Promise<void> => {
      while (next < lives) await this.live(next++, Math.ceil(this.cuts / lives), each);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, side));
  }

  private async live(life: number, cuts: number, each: (generation: Generation) => void): Promise<void> {
    const random = new Random(this.seed * 1000 + life);
    const shape = SHAPES[life % SHAPES.length] ?? SHAPES[0];
    const folder = join(this.folder, `life-${life}`);
    const images = join(folder, 'images');
    mkdirSync(images, { recursive: true });
    let before: Recording | undefined;
    for (const [generation, part] of PARTS.entries()) {
      const recording = this.begin(join(folder, String(generation)), shape, before, random);
      const name = `life ${life} ${shape.flush}${shape.apart ? ' apart' : ''} after ${generation} cuts`;
      const first = random.below(2 ** 30);
      const seeds = Array.from({ length: Math.round(cuts * part) }, (_, index) => first + index);
      try {
        await recording.run(this.library, random, SESSIONS[generation] ?? 1, TURNS[generation] ?? 1);
        const checked = await check(recording, { library: this.library, folder: images, seeds });
        each({ name, recording, checked });
      } catch (error) {
        // a store that did not start, or did not go on, where its first recording had been cut
        const problems = [error instanceof Error ? (error.stack ?? '') : String(error)];
        each({ name, recording, checked: { cuts: 0, promising: 0, failures: [{ seed: first, problems }] } });
        break;
      }
      before = recording;
    }
    rmSync(folder, { recursive: true });
  }

  private begin(folder: string, shape: Shape, before: Recording | undefined, random: Random): Recording {
    if (!before) return Recording.begin(folder, shape);
    const cutting = new Cutting(before);
    const [cut] = cutting.plan([random.below(2 ** 30)]);
    if (!cut) return Recording.begin(folder, shape);
    const { image, promises } = cutting.make(cut);
    return Recording.begin(folder, shape, { image, history: promises.handOver() });
  }
}
