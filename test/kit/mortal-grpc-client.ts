/**
 * A gRPC client that is killed in the middle of what it does.
 * node mortal-grpc-client.js PORT consumer: at work on the first of its messages
 * node mortal-grpc-client.js PORT producer: between its half message and its verdict
 */
import { GrpcClient } from './grpc-client.js';

const [, , port = '0', role] = process.argv;
const client = new GrpcClient(Number(port));
if (role === 'consumer') {
  await client.consumer('readers', 'orders', 'PUSH_CONSUMER');
  for await (const { message } of client.receiving('readers', 'orders', { autoRenew: true }))
    if (message) process.kill(process.pid, 'SIGKILL');
} else {
  await client.producer('orders');
  await client.send('orders', 'half', { messageType: 'TRANSACTION' });
  process.kill(process.pid, 'SIGKILL');
}
