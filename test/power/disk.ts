import { dirname } from 'node:path';
import { FileContent, type Luck } from './file-content.js';
import type { Random } from './random.js';
import { Flag, Kind, type Entry } from './trace.js';

/** A name of a folder → what it names; undefined: a folder. */
type Names = Map<string, FileContent | undefined>;

interface Renaming {
  readonly index: number;
  readonly folder: string;
  readonly apply: (names: Names) => void;
}

interface Sync {
  readonly begun: number;
  /** a file, or a folder's path */
  readonly of: FileContent | string;
}

/** Syncs that say they are done and are not: to show that the checks find what is lost by it. */
export type Lie = 'segments' | 'folders';

export type Image = ReadonlyMap<string, Buffer | undefined>;

/**
 * The disk while a trace goes by: what is surely on it, and what a power cut may leave away. A folder's entries are lost
 * unless the folder itself was synced, whatever was done to the files; a rename happens as a whole or not at all.
 */
export class Disk {
  private readonly live: Names = new Map();
  private durable: Names = new Map();
  private renamings: Renaming[] = [];
  private descriptors = new Map<number, { content: FileContent | string; ignored: boolean }>();
  private readonly syncs = new Map<number, Sync>();
  /** entries gone by */
  passed = 0;

  /** @param root the folder that is surely there: `/` in all images */
  constructor(
    private readonly root: string,
    private readonly trace: readonly Entry[],
    base: Image,
    private readonly lie?: Lie,
  ) {
    for (const [path, content] of base) this.durable.set(path, content && new FileContent(content));
    for (const [path, content] of this.durable) this.live.set(path, content);
  }

  /** @param each told of each entry, before it is applied */
  advance(end: number, each: (entry: Entry, index: number) => void = () => undefined): void {
    for (; this.passed < Math.min(end, this.trace.length); this.passed++) {
      const entry = this.trace[this.passed];
      if (!entry) return;
      each(entry, this.passed);
      this.apply(entry, this.passed);
    }
  }

  private apply(entry: Entry, index: number): void {
    const { kind, fd, a, payload } = entry;
    if (kind === Kind.START) this.descriptors = new Map();
    else if (kind === Kind.OPEN) this.open(entry, index);
    else if (kind === Kind.CLOSE) this.descriptors.delete(fd);
    else if (kind === Kind.WRITE) this.fileOf(fd)?.write(index, a, payload, (entry.flags & Flag.DSYNC) !== 0);
    else if (kind === Kind.TRUNCATE) this.fileOf(fd)?.truncate(index, a);
    else if (kind === Kind.SYNC_BEGIN) this.beginSync(fd, a, index);
    else if (kind === Kind.SYNC_END) this.endSync(a);
    else if (kind !== Kind.NOTE) {
      const paths = payload.toString().split('\0');
      this.changeNames(
        kind,
        paths.map((path) => this.within(path)),
        index,
      );
    }
  }

  private within(path: string): string {
    return path.slice(this.root.length) || '/';
  }

  private open({ flags, fd, payload }: Entry, index: number): void {
    const path = this.within(payload.toString());
    const ignored = isLock(path);
    if (flags & Flag.CREATED && !ignored) {
      const content = new FileContent();
      this.rename(index, path, (names) => names.set(path, content));
    }
    const content = this.live.get(path);
    if (flags & Flag.TRUNCATED && !(flags & Flag.CREATED)) content?.truncate(index, 0);
    this.descriptors.set(fd, { content: content ?? path, ignored });
  }

  private fileOf(fd: number): FileContent | undefined {
    const open = this.descriptors.get(fd);
    return open && !open.ignored && typeof open.content !== 'string' ? open.content : undefined;
  }

  private beginSync(fd: number, number: number, begun: number): void {
    const open = this.descriptors.get(fd);
    if (open && !open.ignored) this.syncs.set(number, { begun, of: open.content });
  }

  private endSync(number: number): void {
    const sync = this.syncs.get(number);
    this.syncs.delete(number);
    if (!sync) return;
    const { begun, of } = sync;
    if (typeof of !== 'string') {
      const ofSegment = [...this.live].some(([path, content]) => content === of && isSegment(path));
      if (this.lie !== 'segments' || !ofSegment) of.synced(begun);
      return;
    }
    if (this.lie === 'folders') return;
    for (const { index, folder, apply } of this.renamings) {
      if (folder === of && index < begun) apply(this.durable);
    }
    this.renamings = this.renamings.filter(({ index, folder }) => folder !== of || index >= begun);
  }

  private changeNames(kind: number, [from = '', to = '']: readonly string[], index: number): void {
    if (isLock(from)) return;
    if (kind === Kind.MKDIR) this.rename(index, from, (names) => names.set(from, undefined));
    else if (kind === Kind.UNLINK) this.rename(index, from, (names) => names.delete(from));
    else {
      const content = this.live.get(from);
      this.rename(index, to, (names) => {
        if (kind === Kind.RENAME) names.delete(from);
        names.set(to, content);
      });
    }
  }

  private rename(index: number, path: string, apply: (names: Names) => void): void {
    apply(this.live);
    this.renamings.push({ index, folder: dirname(path), apply });
  }

  /** Everything written to the log before this entry is on the disk. */
  get logDoubt(): number {
    let oldest = Number.MAX_SAFE_INTEGER;
    for (const [path, content] of this.live) {
      if (content && isSegment(path)) oldest = Math.min(oldest, content.oldestDoubt);
    }
    for (const { index, folder } of this.renamings) {
      if (folder === '/' || folder.endsWith('/log')) oldest = Math.min(oldest, index);
    }
    return oldest;
  }

  /** The disk as the next boot may find it. */
  afterCut(random: Random, luck: Luck): Image {
    const names = this.namesAfterCut(random, luck);
    const inFlight = this.inFlight(random);
    const image = new Map<string, Buffer | undefined>();
    for (const [path, content] of [...names].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const folder = dirname(path);
      if (folder !== '/' && !image.has(folder)) continue;
      const begun = content !== undefined && content === inFlight?.content ? inFlight : undefined;
      image.set(path, content?.afterCut(random, luck, begun));
    }
    return image;
  }

  private namesAfterCut(random: Random, { keep }: Luck): Names {
    const names = new Map(this.durable);
    const way = random.of(['all', 'none', 'first', 'any'] as const);
    const first = random.below(this.renamings.length + 1);
    this.renamings.forEach(({ apply }, index) => {
      const arrived =
        way === 'all' || (way === 'first' && index < first) || (way === 'any' && random.chance(keep));
      if (arrived) apply(names);
    });
    return names;
  }

  /** The write that was being made when the power went. */
  private inFlight(random: Random): { content: FileContent; offset: number; data: Buffer } | undefined {
    const next = this.trace[this.passed];
    const content = next?.kind === Kind.WRITE ? this.fileOf(next.fd) : undefined;
    return next && content && random.chance(0.5)
      ? { content, offset: next.a, data: next.payload }
      : undefined;
  }
}

function isSegment(path: string): boolean {
  return path.includes('/log/') && path.endsWith('.mdb');
}

/** LMDB writes its lock file through a map, and makes it anew where there is none. */
function isLock(path: string): boolean {
  return path.endsWith('-lock');
}
