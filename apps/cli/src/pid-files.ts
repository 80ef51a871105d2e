import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export type Kind = 'broker' | 'namesrv';

/** With its start a process id names one process, even when the id is used again. */
type ProcessStart = (pid: number) => string | undefined;

/** One process, whoever else gets its id later. */
export interface Noted {
  readonly pid: number;
  readonly started: string;
}

/** In the user's own folder: who may write there may end these processes anyway. */
export const runFolder = (): string => join(homedir(), '.halfmq', 'run');

/** Which servers run under RocketMQ's names: a file each, so that `mqshutdown` ends these and no others. */
export class PidFiles {
  constructor(
    private readonly processStart: ProcessStart,
    private readonly folder = runFolder(),
  ) {}

  /** @returns forgets it again */
  note(kind: Kind, pid = process.pid): () => void {
    mkdirSync(this.folder, { recursive: true });
    const file = join(this.folder, `${kind}-${pid}.json`);
    const noted: Noted = { pid, started: this.processStart(pid) ?? '' };
    writeFileSync(file, `${JSON.stringify(noted)}\n`);
    return () => rmSync(file, { force: true });
  }

  /** Those that live. What was killed has left its file: it is removed. */
  running(kind: Kind): Noted[] {
    return this.files(kind).flatMap((file) => {
      const noted = readNoted(file);
      if (noted !== undefined && this.lives(noted)) return [noted];
      rmSync(file, { force: true });
      return [];
    });
  }

  lives({ pid, started }: Noted): boolean {
    return this.processStart(pid) === started;
  }

  private files(kind: Kind): string[] {
    try {
      return readdirSync(this.folder)
        .filter((name) => name.startsWith(`${kind}-`) && name.endsWith('.json'))
        .map((name) => join(this.folder, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }
}

/** @returns undefined for what a full disk or a kill has left half written */
function readNoted(file: string): Noted | undefined {
  try {
    const { pid, started } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Noted>;
    return Number.isSafeInteger(pid) &&
      pid !== undefined &&
      pid > 1 &&
      started !== undefined &&
      started !== ''
      ? { pid, started }
      : undefined;
  } catch {
    return undefined;
  }
}
