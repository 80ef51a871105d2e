import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** of Node, and of libs/remoting, whose servers put sockets of their own in the place of those Node tells of */
const OPENED = ['net.client.socket', 'halfmq:remoting:accepted'];

interface End {
  readonly socket: Socket;
  /** the other end, when it lies in this process */
  other: Socket | undefined;
}

/** The connections to some ports, with both ends that lie in this process. */
export class Sockets {
  private readonly fresh = new Set<Socket>();
  private readonly ends = new Map<string, End>();
  private readonly watched = new Set<number>();
  /** connections that came or went so far */
  changes = 0;

  constructor() {
    for (const channel of OPENED) subscribe(channel, this.opened);
  }

  watch(port: number): void {
    this.watched.add(port);
  }

  stop(): void {
    for (const channel of OPENED) unsubscribe(channel, this.opened);
    this.fresh.clear();
    this.ends.clear();
  }

  /**
   * To be compared with the last answer, whether anything has moved since; undefined while a connection is being made, or
   * bytes that one end wrote were not yet read by the other.
   */
  moved(): number | undefined {
    let moved = 0;
    if (this.fresh.size > 0 && !this.sort()) return undefined;
    for (const { socket, other } of this.ends.values()) {
      const { bytesRead, bytesWritten } = socket;
      if (other && !other.destroyed && other.bytesRead !== bytesWritten) return undefined;
      moved += 1 + bytesRead + bytesWritten;
    }
    return moved;
  }

  private readonly opened = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    this.fresh.add(socket);
    socket.once('close', () => this.fresh.delete(socket));
  };

  /** @returns false while one of them is not connected yet */
  private sort(): boolean {
    for (const socket of this.fresh) {
      if (socket.connecting) return false;
      this.fresh.delete(socket);
      this.add(socket);
    }
    return true;
  }

  private add(socket: Socket): void {
    const { localPort = 0, remotePort = 0 } = socket;
    if (!this.watched.has(localPort) && !this.watched.has(remotePort)) return;
    const ports = `${localPort} ${remotePort}`;
    const end: End = { socket, other: undefined };
    const other = this.ends.get(`${remotePort} ${localPort}`);
    if (other) {
      end.other = other.socket;
      other.other = socket;
    }
    this.ends.set(ports, end);
    this.changes++;
    socket.once('close', () => {
      this.changes++;
      if (this.ends.get(ports) === end) this.ends.delete(ports);
    });
  }
}
