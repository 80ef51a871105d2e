/** '@halfmq/store/tools': looks into a store folder from outside, without taking it. */
export { systemClock } from '@halfmq/remoting/record';
export type { DescribedRecord } from './described-record.js';
export { findRecords, type RecordPlace } from './find-record.js';
export type { Damage, Findings } from './findings.js';
export {
  inspectStore,
  type QueueReport,
  type SegmentReport,
  type StateReport,
  type StoreReport,
} from './inspect.js';
export { processStart } from '../this-machine.js';
export { rebuildFolder } from './rebuild.js';
export type { Condition, StoreFolderOptions } from './store-folder.js';
export { verifyStore, type VerifyProgress } from './verify.js';
export type { RebuildReport } from '../rebuild-state.js';
