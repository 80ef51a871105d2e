import { connect, type Socket } from 'node:net';
import { systemClock, type Cancel } from '@halfmq/remoting';

const BEGINNINGS: readonly Buffer[] = [
  Buffer.alloc(0),
  Buffer.from([0, 0]),
  Buffer.from([0, 255, 0, 0, 0, 0, 1, 0, 0x7b, 0x22]),
];
const HTTP_BEGINNINGS: readonly Buffer[] = [
  Buffer.alloc(0),
  Buffer.from('POST /v1/topics/fuzz-0/messages HTTP/1.1\r\nhost: broker\r\nx-slow: '),
  Buffer.from(
    'POST /v1/topics/fuzz-0/messages HTTP/1.1\r\nhost: broker\r\ncontent-length: 4000\r\n\r\n{"body":"',
  ),
];
const DRIP_MS = 250;

/** Connections that begin to say something and take all the time in the world: nobody else may wait for them. */
export class Loris {
  private readonly sockets: Socket[] = [];
  private cancel: Cancel = () => undefined;

  constructor(
    private readonly count: number,
    wire: readonly string[],
    httpPort: number,
  ) {
    for (const address of wire) this.open(Number(address.split(':')[1]), BEGINNINGS);
    this.open(httpPort, HTTP_BEGINNINGS);
    this.drip();
  }

  end(): void {
    this.cancel();
    for (const socket of this.sockets) socket.destroy();
  }

  private open(port: number, beginnings: readonly Buffer[]): void {
    for (let n = 0; n < this.count; n++) {
      const socket = connect({ host: '127.0.0.1', port });
      socket.on('error', () => undefined).resume();
      socket.write(beginnings[n % beginnings.length] ?? '');
      this.sockets.push(socket);
    }
  }

  private drip(): void {
    for (const socket of this.sockets) if (socket.writable) socket.write(' ');
    this.cancel = systemClock.after(DRIP_MS, () => this.drip());
  }
}
