/** '@halfmq/broker/grpc': the door alone, for who stands in front of brokers. It loads neither Nest nor a store. */
export { PortError } from '../accept/ports.js';
export type { ElsewhereDoor } from './elsewhere/open-elsewhere.js';
export { openGrpcDoor, type GrpcDoor } from './door.js';
export { forwardingMethods, openForwarding } from './forwarding.js';
