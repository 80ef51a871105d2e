/** '@halfmq/broker/forward': the HTTP door without rooms, for who stands in front of brokers. It loads Nest, and no store. */
export { openForwardingDoor } from './forwarding-door.js';
