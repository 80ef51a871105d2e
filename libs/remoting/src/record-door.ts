/** '@halfmq/remoting/record': what a store needs of the wire, and nothing that opens a socket. */
export * from './bytes.js';
export * from './clock.js';
export { shownBody } from './compression.js';
export { Permission, SysFlag } from './codes.js';
export * from './host.js';
export * from './lite-prefix.js';
export * from './log.js';
export * from './manual-clock.js';
export * from './message-id.js';
export * from './properties.js';
export { encodeRecord, encodeRecordBytes, viewOf, type RecordBytes } from './encode-record.js';
export * from './record.js';
export * from './record-again.js';
export * from './subscription.js';
