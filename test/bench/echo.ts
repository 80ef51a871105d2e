import { createServer } from 'node:net';
import { FrameCounter } from './answers.js';

/**
 * `node test/dist/bench/echo.js PORT BYTES`: answers every frame with one of that many bytes, and does nothing else:
 * what sockets, frames and the load generator cost.
 */
const [, , port = '0', bytes = '180'] = process.argv;
const answer = Buffer.alloc(Number(bytes));
answer.writeUInt32BE(answer.length - 4, 0);

createServer({ noDelay: true }, (socket) => {
  const counter = new FrameCounter();
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    const count = counter.take(chunk);
    if (answer.length > 4096) {
      socket.cork();
      for (let i = 0; i < count; i++) socket.write(answer);
      socket.uncork();
    } else if (count > 0) socket.write(Buffer.concat(Array.from({ length: count }, () => answer)));
  });
}).listen(Number(port), '127.0.0.1');
