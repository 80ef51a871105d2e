import { Server, ServerCredentials } from '@grpc/grpc-js';
import { MessagingService } from '../kit/grpc-contract.js';

/**
 * `node test/dist/bench/grpc-echo.js PORT`: reads every SendMessage with @grpc/grpc-js and answers it as a broker would,
 * and does nothing else: what that library, sockets and the load generator cost.
 */
const OK = { code: 'OK', message: 'ok' };
const ANSWER = {
  status: OK,
  entries: [{ status: OK, messageId: '01000000000000000000000000000000AB', offset: 100_000 }],
};

type Answered = (error: null, answer: object) => void;

const server = new Server();
server.addService(MessagingService.service, {
  SendMessage: (_: unknown, answered: Answered) => answered(null, ANSWER),
});
server.bindAsync(`127.0.0.1:${process.argv[2] ?? '0'}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
