/**
 * What needs Nest, in one place and one import: broker.ts loads it while the store opens. '@halfmq/broker/rooms' is for
 * who wants it loaded before.
 */
export { remotingDoor } from './accept/remoting-door.js';
export { BrokerModule } from './broker.module.js';
export { NewTopics } from './directory/new-topics.js';
export { Registration } from './directory/registration.js';
