import { Socket, type SocketConstructorOpts } from 'node:net';

/** What one read of a socket brings at most: node's own size. */
const READ_BYTES = 64 * 1024;
/** Undocumented, and there since node has sockets. */
const HANDLE = '_handle';

/**
 * Accepted sockets read into one buffer, which is written over at the next read of any of them: whoever is told of a
 * chunk copies what it keeps. Node would allocate 64 KiB for each read, and memory outside the heap makes V8 collect
 * everything, old objects included.
 *
 * Node takes a buffer in a socket's constructor alone, and a server constructs its sockets itself. So the accepted
 * socket lends its handle to one of ours, and stands for the connection in the server's count until that one is closed.
 */
export class SharedRead {
  private readonly buffer = Buffer.allocUnsafeSlow(READ_BYTES);

  /** @param accepted paused: nothing was read from it */
  socketOf(accepted: Socket & { [HANDLE]?: object | null }): Socket {
    const handle = accepted[HANDLE];
    if (!handle) return accepted;
    accepted[HANDLE] = null;
    const callback = (length: number): boolean => {
      socket.emit('data', this.buffer.subarray(0, length));
      return true;
    };
    const options = { handle, onread: { buffer: this.buffer, callback } };
    const socket = new Socket(options as SocketConstructorOpts);
    socket.once('close', () => accepted.destroy());
    return socket;
  }
}
