export * from './clock.js';
export * from './manual-clock.js';
export * from './log.js';
export * from './codes.js';
export * from './status.js';
export * from './command.js';
export type { HeaderCodec, HeaderOf } from './fields.js';
export * from './request-spec.js';
export * from './requests/index.js';
