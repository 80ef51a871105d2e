export { createTestBroker, TestBroker, type InDoubt, type TestBrokerOptions } from './test-broker.js';
export type { HostileOptions } from './hostility.js';
export { forEachCrashPoint, OutcomeDiffers } from './crash/for-each-crash-point.js';
export type { CrashPoint } from './crash/passes.js';
export type { Act, Scenario } from './crash/scenario.js';
export { matchers, type Delivered, type Expected } from './matchers.js';
export type { DeliveredMessage } from './message.js';
export type { TimelineEntry } from './timeline.js';
