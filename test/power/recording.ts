import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { Promises, type History, type Note } from './promises.js';
import type { Random } from './random.js';
import type { Image } from './disk.js';
import { Kind, readTrace, type Entry } from './trace.js';

const WORKER = join(import.meta.dirname, 'worker.js');
export type FlushMode = 'ASYNC_FLUSH' | 'SYNC_FLUSH';

/** How a store is set up. */
export interface Shape {
  readonly flush: FlushMode;
  /** its segments lie in a folder outside of its own */
  readonly apart: boolean;
}

/**
 * A folder with all that cuts need:
 *   trace         what the worker asked of the disk
 *   disk/store    the store's folder, when the worker has it
 *   base          what lay on the disk at the beginning; none: nothing
 *   history.json  what was promised by then
 *   boot          the machine's boot id
 *   about.json    how the store flushes, and the disk's path as the trace has it
 */
export class Recording {
  constructor(
    readonly folder: string,
    readonly shape: Shape,
    readonly root: string = join(folder, 'disk'),
  ) {}

  get traceFile(): string {
    return join(this.folder, 'trace');
  }

  /** One that was made before, and may have been copied since. */
  static kept(folder: string): Recording {
    const { shape, root } = JSON.parse(readFileSync(join(folder, 'about.json'), 'utf8')) as Recording;
    return new Recording(folder, shape, root);
  }

  /** @param base the disk after a cut, and what was promised before it */
  static begin(folder: string, shape: Shape, base?: { image: Image; history: History }): Recording {
    const recording = new Recording(folder, shape);
    mkdirSync(recording.root, { recursive: true });
    writeFileSync(join(folder, 'about.json'), JSON.stringify({ shape, root: recording.root }));
    if (base) {
      writeImage(recording.root, base.image);
      writeImage(join(folder, 'base'), base.image);
      writeFileSync(join(folder, 'history.json'), JSON.stringify(base.history));
    }
    return recording;
  }

  history(): History | undefined {
    try {
      return JSON.parse(readFileSync(join(this.folder, 'history.json'), 'utf8')) as History;
    } catch {
      return undefined;
    }
  }

  base(): Image {
    return readImage(join(this.folder, 'base'));
  }

  entries(): Entry[] {
    return readTrace(this.traceFile);
  }

  /** Works as another boot of the machine, killed and started again some times. */
  async run(library: string, random: Random, sessions: number, turns: number): Promise<void> {
    const boot = join(this.folder, 'boot');
    writeFileSync(boot, `${randomUUID()}\n`);
    for (let session = 0; session < sessions; session++) {
      const promises = this.soFar();
      const last = session === sessions - 1;
      const args = [
        this.root,
        this.shape.flush,
        this.shape.apart ? 'apart' : 'together',
        random.below(2 ** 31),
        promises.last,
        promises.now + 1,
        turns,
        last || random.chance(0.3) ? 'closed' : 'killed',
        this.history() && !promises.isOpened ? 'power' : '',
      ];
      const child = spawn(process.execPath, [WORKER, ...args.map(String)], {
        stdio: ['ignore', 'inherit', 'pipe'],
        env: {
          ...process.env,
          LD_PRELOAD: library,
          UV_USE_IO_URING: '0',
          HALFMQ_POWER_ROOT: this.root,
          HALFMQ_POWER_TRACE: this.traceFile,
          HALFMQ_POWER_NOTES: '/notes',
          HALFMQ_POWER_BOOT: boot,
          HALFMQ_POWER_DELAY: random.of(['0', '300', '3000']),
          HALFMQ_POWER_DIE: last || random.chance(0.5) ? '0' : String(1 + random.below(turns * 8)),
        },
      });
      let errors = '';
      child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
      const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
      if (code !== 0 && signal !== 'SIGKILL')
        throw new Error(`a worker ended with ${code ?? signal}:\n${errors}`);
    }
  }

  private soFar(): Promises {
    const history = this.history();
    const promises = history ? Promises.from(history) : new Promises();
    if (!existsSync(this.traceFile)) return promises;
    this.entries().forEach((entry, index) => {
      if (entry.kind === Kind.NOTE) promises.take(JSON.parse(entry.payload.toString()) as Note, index);
    });
    return promises;
  }
}

/** What lies in a folder, as a disk's image: paths within it, folders before what they hold. */
export function readImage(root: string): Image {
  const image = new Map<string, Buffer | undefined>();
  const names = existsSync(root) ? readdirSync(root, { recursive: true }).map(String) : [];
  for (const name of names.toSorted()) {
    const path = join(root, name);
    image.set(`/${name}`, statSync(path).isDirectory() ? undefined : readFileSync(path));
  }
  return image;
}

export function writeImage(root: string, image: Image): void {
  mkdirSync(root, { recursive: true });
  for (const [path, content] of image) {
    if (content) writeFileSync(join(root, path), content);
    else mkdirSync(join(root, path));
  }
}
