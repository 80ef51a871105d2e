export * from './message-store.js';
export { openStore } from './open-store.js';
export { DueHeap } from './state/due-heap.js';
export { rebuildState, type RebuildReport } from './rebuild-state.js';
export type { EpochStart, LogCopy, LogOpening, LogPart } from './replication.js';
export { truncateLog } from './truncate-log.js';
