import { Intact } from './intact.js';
import { Loris } from './loris.js';
import { grown } from './growth.js';
import { round } from './round.js';
import { memoryOf, type Target } from './target.js';
import { Witness } from './witness.js';

/** After each the fuzz rests, and everything is looked at: so many at least, and of so many frames at most. */
const SLICES = 10;
const MOST_A_SLICE = 200_000;
const LANES = 6;
const SLOW_ONES = 20;

export interface CampaignOptions {
  readonly seed: number;
  readonly frames: number;
  /** it ends by then (performance.now), whatever it has sent; when all is sent unless told */
  readonly until?: number | undefined;
  /** what is neither answered nor ended by then never is */
  readonly limitMs: number;
  /** after so many complaints there is something to do */
  readonly most: number;
  readonly print: (line: string) => void;
}

/** Fuzzes a target until enough was sent, or too much is wrong. */
export class Campaign {
  /** what is wrong, those of a round with its seed */
  readonly complaints: string[] = [];
  frames = 0;
  private readonly intact = new Intact();
  private readonly witness: Witness;
  private readonly pids: ReadonlyMap<string, number | undefined>;
  private readonly memory = new Map<string, number[]>();
  private next: number;

  constructor(
    private readonly target: Target,
    private readonly options: CampaignOptions,
  ) {
    this.witness = new Witness(target, this.intact);
    this.next = options.seed;
    this.pids = new Map(target.processes.map(({ name, pid }) => [name, pid()]));
  }

  async run(): Promise<readonly string[]> {
    const { frames } = this.options;
    const { broker, nameServer, httpPort } = this.target;
    const loris = new Loris(SLOW_ONES, [broker, nameServer], httpPort);
    try {
      await this.witness.begin();
      while (this.frames < frames && this.goesOn) {
        const goal = this.frames + Math.min(frames / SLICES, MOST_A_SLICE);
        await Promise.all(Array.from({ length: LANES }, () => this.lane(goal)));
        await this.look();
      }
      this.complaints.push(...this.growth(), ...(await this.witness.compareIntact()), ...this.ended);
    } finally {
      loris.end();
      await this.witness.close();
    }
    return this.complaints;
  }

  get messages(): number {
    return this.intact.answered.length;
  }

  private get goesOn(): boolean {
    if (performance.now() > (this.options.until ?? Infinity)) return false;
    return this.complaints.length < this.options.most && this.ended.length === 0;
  }

  private async lane(goal: number): Promise<void> {
    while (this.frames < goal && this.goesOn) {
      const seed = this.next++;
      const { frames, complaints } = await round(seed, this.target, this.intact, this.options.limitMs);
      this.frames += frames;
      for (const complaint of complaints) this.complaints.push(`seed ${seed}: ${complaint}`);
    }
  }

  /** Processes that are not what they were. */
  private get ended(): string[] {
    return this.target.processes
      .filter(({ name, pid }) => pid() === undefined || pid() !== this.pids.get(name))
      .map(({ name }) => `the ${name} has ended`);
  }

  private async look(): Promise<void> {
    for (const { name, log } of this.target.processes)
      for (const line of log.unexpected.splice(0)) this.complaints.push(`the ${name} says: ${line}`);
    if (this.ended.length > 0) return;
    this.complaints.push(...(await this.witness.look()), ...(await this.witness.tidy()));
    await this.weigh();
    const sizes = [...this.memory].map(([name, list]) => `${name} ${mib(list.at(-1) ?? 0)} MiB`).join(', ');
    this.options.print(`${this.frames} frames, ${this.messages} messages among them; ${sizes}`);
  }

  private async weigh(): Promise<void> {
    for (const watched of this.target.processes) {
      const { name } = watched;
      const list = this.memory.get(name) ?? [];
      this.memory.set(name, list);
      const size = await memoryOf(watched);
      if (size !== undefined) list.push(size);
    }
  }

  private growth(): string[] {
    return [...this.memory].flatMap(([name, list]) => {
      const more = grown(list);
      return more === undefined
        ? []
        : [`the ${name} has grown by ${mib(more)} MiB: ${list.map(mib).join(', ')}`];
    });
  }
}

const mib = (bytes: number): number => Math.round(bytes / 2 ** 20);
