import { existsSync, statSync } from 'node:fs';
import { keyFileOf } from '../index/key-file.js';
import { Queues } from '../log/queues.js';
import { recoverQueues } from '../log/recovery.js';
import type { Segments } from '../log/segments.js';
import { rowsIn } from '../state/half-pages.js';
import { stateFile, type StateEnvironment } from '../state/state-environment.js';
import { StoreFolder, type Condition, type SegmentFile, type StoreFolderOptions } from './store-folder.js';

export interface SegmentReport {
  readonly file: string;
  readonly bytes: number;
  readonly state: 'sealed' | 'current' | 'prepared' | 'in doubt';
  /** physical offsets of the first record byte, and after the last one; undefined where that cannot be told */
  readonly base?: number | undefined;
  readonly end?: number | undefined;
  /** store time of the last record before it, ms since 1970 */
  readonly createdAt?: number | undefined;
  /** of its file of keys */
  readonly keyBytes?: number | undefined;
}

export interface QueueReport {
  readonly topic: string;
  readonly queueId: number;
  readonly number: number;
  readonly minOffset: number;
  readonly maxOffset: number;
}

export interface StateReport {
  readonly bytes: number;
  /** LMDB's tree is torn: the next start makes it again from the log, and nothing more can be said of it */
  readonly damaged?: boolean;
  /** the log up to here is projected */
  readonly appliedOffset: number;
  readonly undecidedHalves: number;
  readonly delayed: number;
  readonly settings: number;
}

export interface StoreReport {
  readonly path: string;
  readonly condition: Condition;
  readonly holder?: number | undefined;
  readonly storeId: string;
  readonly format: number;
  readonly clusterName: string;
  readonly brokerName: string;
  readonly segments: readonly SegmentReport[];
  /** by topic and queue id; empty while the log's end is in doubt */
  readonly queues: readonly QueueReport[];
  readonly state?: StateReport | undefined;
}

/** What a store folder holds. Opens two segments, however many there are. */
export async function inspectStore(options: StoreFolderOptions): Promise<StoreReport> {
  const folder = new StoreFolder(options);
  const files = folder.files();
  const segments = files.some(({ inDoubt }) => inDoubt) || files.length === 0 ? undefined : folder.open();
  try {
    const { storeId, format, clusterName, brokerName } = folder.identity;
    return {
      path: folder.path,
      condition: folder.condition,
      holder: folder.holder,
      storeId,
      format,
      clusterName,
      brokerName,
      segments: files.map((file, index) => segmentReport(file, files[index + 1], segments)),
      queues: segments ? queueReports(segments) : [],
      state: await stateReport(folder),
    };
  } finally {
    await segments?.close();
  }
}

function segmentReport(
  file: SegmentFile,
  next: SegmentFile | undefined,
  segments: Segments | undefined,
): SegmentReport {
  const { path, bytes, header } = file;
  const keys = keyFileOf(path);
  const isCurrent = header !== undefined && next?.header === undefined;
  return {
    file: path,
    bytes,
    state: stateOf(file, isCurrent),
    base: header?.base,
    end: isCurrent ? endOf(segments) : next?.header?.base,
    createdAt: header?.createdAt,
    keyBytes: existsSync(keys) ? statSync(keys).size : undefined,
  };
}

function stateOf({ inDoubt, header }: SegmentFile, isCurrent: boolean): SegmentReport['state'] {
  if (inDoubt) return 'in doubt';
  if (!header) return 'prepared';
  return isCurrent ? 'current' : 'sealed';
}

/** Physical offset after the log's last record. */
export function endOf(segments: Segments | undefined): number | undefined {
  const current = segments?.current;
  const last = current?.lastBlock();
  return last ? last.physicalOffset + last.length : current?.header.base;
}

function queueReports(segments: Segments): QueueReport[] {
  const { current } = segments;
  if (!current) return [];
  const queues = new Queues();
  recoverQueues(segments, current, queues);
  return queues
    .all()
    .map(({ topic, queueId, number, minOffset, committedOffset: maxOffset }) => {
      return { topic, queueId, number, minOffset, maxOffset };
    })
    .toSorted((a, b) => (a.topic < b.topic ? -1 : Number(a.topic > b.topic)) || a.queueId - b.queueId);
}

async function stateReport(folder: StoreFolder): Promise<StateReport | undefined> {
  const file = stateFile(folder.path);
  if (!existsSync(file)) return undefined;
  const { size: bytes } = statSync(file);
  const state = folder.state();
  if (!state) return { bytes, damaged: true, appliedOffset: 0, undecidedHalves: 0, delayed: 0, settings: 0 };
  try {
    return {
      bytes,
      appliedOffset: state.appliedOffset,
      undecidedHalves: sum(state, 'u', rowsIn) + sum(state, 'h'),
      delayed: sum(state, 'd'),
      settings: sum(state, 's'),
    };
  } finally {
    await state.close();
  }
}

function sum(state: StateEnvironment, prefix: string, amount: (value: Buffer) => number = () => 1): number {
  let found = 0;
  for (const { value } of state.all(prefix)) found += amount(value);
  return found;
}
