export { createTestBroker, TestBroker, type InDoubt, type TestBrokerOptions } from './test-broker.js';
export { matchers, type Delivered, type Expected } from './matchers.js';
export type { DeliveredMessage } from './message.js';
export type { TimelineEntry } from './timeline.js';
