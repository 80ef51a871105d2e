/** '@halfmq/broker/grpc': the door alone, for who stands in front of brokers. It loads neither Nest nor a store. */
export { PortError } from '../accept/ports.js';
export { openGrpcDoor, type GrpcDoor } from './door.js';
export { forwardingMethods } from './forwarding.js';
