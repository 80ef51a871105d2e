import { statfs } from 'node:fs/promises';
import type { Log } from '@halfmq/remoting/record';
import { StoreError } from './store-error.js';

/** Parts of the disk in use, from 0 to 1, as RocketMQ has them. */
export interface DiskLevels {
  /** above: expired segments go at any hour of the day */
  readonly cleanAt: number;
  /** above: the oldest segments go whether they are expired or not; absent: never */
  readonly forceAt?: number | undefined;
  /** above: sends are refused, so that what is owed and decided still has room */
  readonly refuseAt: number;
  /** what whoever runs it can change besides making room */
  readonly advice?: string;
  /** how much of the disk that holds this path is in use; statfs by default */
  readonly used?: (path: string) => Promise<number>;
}

/** How full the disk is, as of the last look. */
export class Disk {
  private used = 0;
  private isFull = false;

  constructor(
    private readonly path: string,
    private readonly levels: DiskLevels | undefined,
    private readonly log: Log,
  ) {}

  async look(): Promise<void> {
    const { levels } = this;
    if (!levels) return;
    this.used = await (levels.used ?? usedOf)(this.path);
    const isFull = this.used > levels.refuseAt;
    if (isFull !== this.isFull) this.log.warn(isFull ? this.fullness() : 'the disk has room: sends resume');
    this.isFull = isFull;
  }

  private fullness(): string {
    const { refuseAt = 1, advice } = this.levels ?? {};
    const percent = (part: number): number => Math.round(part * 100);
    return (
      `the disk of ${this.path} is ${percent(this.used)} % full and sends are refused above ${percent(refuseAt)} %: ` +
      `make room${advice ? `, or ${advice}` : ''}; sends resume by themselves`
    );
  }

  get refuses(): boolean {
    return this.isFull;
  }

  /** @throws StoreError disk-full */
  check(): void {
    if (this.isFull) throw new StoreError('disk-full', this.fullness());
  }

  /** Expired segments go now. */
  get wantsRoom(): boolean {
    return this.used > (this.levels?.cleanAt ?? 1);
  }

  /** The oldest segment goes now. */
  get needsRoom(): boolean {
    return this.used > (this.levels?.forceAt ?? 1);
  }
}

/** As df says it: what only root may use counts as neither used nor free. */
async function usedOf(path: string): Promise<number> {
  const { blocks, bfree, bavail } = await statfs(path);
  const used = blocks - bfree;
  return used + bavail === 0 ? 0 : used / (used + bavail);
}
