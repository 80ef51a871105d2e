import type { Figure } from './measure.js';
import type { RowName } from './rows.js';

/**
 * The goals of the hot path and the store, each read from a figure of a row. Where a limit is measured in the same run,
 * what counts is the ratio to it: `goal / known` on the machine where both were set.
 */
export interface Goal {
  readonly text: string;
  readonly row: RowName;
  readonly figure: Figure;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** the limit's figure on the machine that the goal comes from */
  readonly known?: number;
}

export const GOALS: readonly Goal[] = [
  {
    text: 'sends, async flush, 8 x 128, /s',
    row: 'sends 8x128',
    figure: 'perSecond',
    atLeast: 300_000,
    known: 413_000,
  },
  {
    text: 'sends, async flush, 8 x 32, /s',
    row: 'sends 8x32',
    figure: 'perSecond',
    atLeast: 200_000,
    known: 276_000,
  },
  { text: 'sends, sync flush, 8 x 128, /s', row: 'sync 8x128', figure: 'perSecond', atLeast: 0.55, known: 1 },
  { text: 'sends, sync flush, 8 x 32, /s', row: 'sync 8x32', figure: 'perSecond', atLeast: 0.55, known: 1 },
  { text: 'one at a time, async: p50, ms', row: 'sends 1x1', figure: 'p50Ms', atMost: 0.2, known: 0.13 },
  { text: 'at 2,000 sends/s: p50, ms', row: 'paced 2000/s', figure: 'p50Ms', atMost: 0.4 },
  { text: 'at 2,000 sends/s: p99, ms', row: 'paced 2000/s', figure: 'p99Ms', atMost: 2 },
  { text: 'at 2,000 sends/s: p99.9, ms', row: 'paced 2000/s', figure: 'p999Ms', atMost: 10 },
  { text: 'broker CPU a send, 8 x 128, us', row: 'sends 8x128', figure: 'cpuMicros', atMost: 5, known: 3.5 },
  { text: 'broker CPU a send, 8 x 32, us', row: 'sends 8x32', figure: 'cpuMicros', atMost: 5, known: 3.7 },
  { text: 'pulls of 32, messages/s', row: 'pulls', figure: 'perSecond', atLeast: 450_000 },
  {
    text: 'half + commit, 8 x 128, transactions/s',
    row: 'transactions 8x128',
    figure: 'perSecond',
    atLeast: 60_000,
  },
  {
    text: 'half + commit, 8 x 32, transactions/s',
    row: 'transactions 8x32',
    figure: 'perSecond',
    atLeast: 60_000,
  },
  { text: 'half + check + commit, transactions/s', row: 'checked', figure: 'perSecond' },
  {
    text: 'log store alone, 256 a group, /s',
    row: 'store alone',
    figure: 'perSecond',
    atLeast: 1_200_000,
    known: 1_510_000,
  },
  {
    text: 'disk for 10 million of 1 KiB, GB',
    row: 'sends 8x128',
    figure: 'diskGbPer10M',
    atMost: 11,
    known: 10.2,
  },
  {
    text: 'disk for 100,000 lone ones of 300 B, of their bytes',
    row: 'lone messages',
    figure: 'diskRatio',
    atMost: 1.3,
  },
  { text: 'batches of 16, messages/s', row: 'batches', figure: 'perSecond', atLeast: 600_000 },
  { text: 'batches of 16, CPU a message, us', row: 'batches', figure: 'cpuMicros', atMost: 1.5 },
  {
    text: 'transactions.run of an order, beside the database alone, /s',
    row: 'run',
    figure: 'perSecond',
    atLeast: 0.6,
    known: 1,
  },
  {
    text: 'the same, where COMMIT waits 1 ms for its disk, /s',
    row: 'run, waiting',
    figure: 'perSecond',
    atLeast: 0.85,
    known: 1,
  },
  {
    text: 'the same, where it waits 5 ms, as for a disk over a network, /s',
    row: 'run, far',
    figure: 'perSecond',
    atLeast: 0.85,
    known: 1,
  },
  { text: 'the same, of a transaction with one row, /s', row: 'run, one row', figure: 'perSecond' },
  {
    text: 'three brokers, 8 x 32 over all, /s',
    row: 'three brokers',
    figure: 'perSecond',
    atLeast: 1,
    known: 1,
  },
  { text: 'sends by HTTP, /s', row: 'rest sends', figure: 'perSecond', atLeast: 8_000 },
  { text: 'sends by HTTP, broker CPU, us', row: 'rest sends', figure: 'cpuMicros', atMost: 120 },
  { text: 'pushes to a local endpoint, /s', row: 'pushes', figure: 'perSecond', atLeast: 3_000 },
  { text: 'pushes, broker CPU, us', row: 'pushes', figure: 'cpuMicros' },
  // known: the HTTP/2 of Node.js by hand, beside that echo
  {
    text: 'sends by gRPC, 4 x 32, /s',
    row: 'grpc sends',
    figure: 'perSecond',
    atLeast: 30_000,
    known: 20_700,
  },
  { text: 'sends by gRPC, broker CPU, us', row: 'grpc sends', figure: 'cpuMicros', atMost: 30, known: 51 },
  { text: 'at 2,000 sends/s by gRPC: p50, ms', row: 'grpc paced 2000/s', figure: 'p50Ms', atMost: 1 },
  { text: 'at 2,000 sends/s by gRPC: p99, ms', row: 'grpc paced 2000/s', figure: 'p99Ms', atMost: 5 },
  {
    text: 'received by gRPC and acknowledged, by 32, messages/s',
    row: 'grpc receives',
    figure: 'perSecond',
    atLeast: 150_000,
  },
  { text: 'the same, broker CPU a message, us', row: 'grpc receives', figure: 'cpuMicros' },
  { text: 'start to the open port, ms', row: 'start', figure: 'startMs' },
  { text: 'memory at rest, MB', row: 'start', figure: 'memoryMb' },
];
