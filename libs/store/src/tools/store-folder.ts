import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FolderLock } from '../folder-lock.js';
import { readIdentity, type StoreIdentity } from '../format.js';
import { readOpening } from '../log/opening.js';
import { Segment } from '../log/segment.js';
import { mapBytes, segmentFile, sequencesIn } from '../log/segment-files.js';
import type { SegmentHeader } from '../log/segment-header.js';
import { Segments } from '../log/segments.js';
import { Mark } from '../mark.js';
import { StoreError } from '../message-store.js';
import { StateEnvironment, stateFile } from '../state/state-environment.js';
import { isSoundTree } from '../state/tree-check.js';

export type Condition =
  /** a broker has it, and may write to it at any moment */
  | 'running'
  /** closed in good order */
  | 'clean'
  /** whoever had it was killed: everything committed is there */
  | 'killed'
  /** the machine went down with it: only the log's synced part can be trusted, and the next start sees to it */
  | 'power-loss';

/** A file of the log, as far as it can be told without opening it by LMDB. */
export interface SegmentFile {
  readonly sequence: number;
  readonly path: string;
  readonly bytes: number;
  /** undefined: prepared ahead, nothing is in it */
  readonly header: SegmentHeader | undefined;
  /** not to be opened by LMDB: its tree may be torn since the power went */
  readonly inDoubt: boolean;
}

export interface StoreFolderOptions {
  readonly path: string;
  /** where the segments lie, when not in the folder's `log` */
  readonly logPath?: string | undefined;
}

/**
 * A store folder for who only looks: no lock is taken, nothing is written, no epoch is raised. It may be in use; what
 * is read is then what was committed at that moment.
 */
export class StoreFolder {
  readonly path: string;
  readonly logPath: string;
  readonly identity: StoreIdentity;
  readonly condition: Condition;
  /** process that has it */
  readonly holder: number | undefined;
  private readonly syncedThrough: number;

  /** @throws StoreError format, saying what is wrong with the folder */
  constructor({ path, logPath }: StoreFolderOptions) {
    this.path = path;
    this.logPath = logPath ?? join(path, 'log');
    if (!existsSync(path)) throw noStore(`there is no folder ${path}`);
    if (!existsSync(join(path, 'store.json')))
      throw noStore(`${path} is no store folder: it has no store.json`);
    if (logPath !== undefined && !existsSync(logPath)) {
      throw new StoreError('format', `there is no folder ${logPath}: storePathCommitLog names the right one`);
    }
    this.identity = readIdentity(path);
    const mark = new Mark(path);
    this.syncedThrough = mark.synced;
    this.holder = FolderLock.holder(path);
    if (this.holder !== undefined) this.condition = 'running';
    else if (mark.found === 'same-boot') this.condition = 'killed';
    else this.condition = mark.found;
  }

  /** Oldest first. */
  files(): SegmentFile[] {
    if (!existsSync(this.logPath)) return [];
    return sequencesIn(this.logPath).flatMap((sequence) => {
      try {
        return this.file(sequence);
      } catch (error) {
        // retention of the broker that has it was faster
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
    });
  }

  /** A store that was opened once has some. @throws StoreError format, when none is here */
  someFiles(): SegmentFile[] {
    const files = this.files();
    if (files.length > 0) return files;
    throw new StoreError('format', `${this.logPath} has no segments: say where they lie (--log)`);
  }

  private file(sequence: number): SegmentFile {
    const path = segmentFile(this.logPath, sequence);
    const inDoubt = this.condition === 'power-loss' && sequence > this.syncedThrough;
    const header = readOpening(path)?.header;
    return { sequence, path, bytes: statSync(path).size, header, inDoubt };
  }

  segment({ sequence, path }: SegmentFile): Segment {
    return new Segment(sequence, path, mapBytes(this.identity.segmentBytes), 'read');
  }

  /** The projections; undefined when there are none, or none that LMDB can be let near. Who opens it closes it. */
  state(): StateEnvironment | undefined {
    const file = stateFile(this.path);
    if (!existsSync(file)) return undefined;
    // while somebody writes to it, pages change between two plain reads: he had it checked when he opened it
    return this.condition === 'running' || isSoundTree(file) ? StateEnvironment.toRead(file) : undefined;
  }

  /** All of them as a log to read from. @throws StoreError while some of it is in doubt, or none is here */
  open(): Segments {
    if (this.someFiles().some(({ inDoubt }) => inDoubt)) {
      throw new StoreError(
        'format',
        `${this.path} was in use when the machine went down: start the broker once, which makes its log whole again`,
      );
    }
    const { segmentBytes, storeId } = this.identity;
    return Segments.load(this.logPath, segmentBytes, storeId, 'read');
  }
}

function noStore(what: string): StoreError {
  return new StoreError('format', `${what}; give the folder of a broker's store (storePathRootDir)`);
}
