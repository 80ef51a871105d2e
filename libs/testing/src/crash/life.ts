import { AsyncLocalStorage } from 'node:async_hooks';
import { Socket } from 'node:net';

const current = new AsyncLocalStorage<Life>();

/**
 * The life of the processes a scenario stands for. What is begun inside `run`, and whatever follows from that, belongs to
 * it; `end` does to it what the kernel does to a killed process: its connections are gone, to brokers, to databases, to
 * whatever it spoke to, and code that runs on here reaches nobody any more, since no new one is made either.
 */
export class Life {
  private readonly sockets = new Set<Socket>();
  private over = false;

  /** The one that the caller belongs to. */
  static get now(): Life | undefined {
    return current.getStore();
  }

  /** From now on lives know of their connections. @returns ends that */
  static watch(): () => void {
    const { connect } = Socket.prototype;
    Socket.prototype.connect = function watched(this: Socket, ...args: unknown[]): Socket {
      const life = current.getStore();
      if (life?.over) return this.destroy(new Error('no connection: the process it belongs to was killed'));
      life?.owns(this);
      return Reflect.apply(connect as (...all: unknown[]) => Socket, this, args);
    };
    return () => {
      Socket.prototype.connect = connect;
    };
  }

  run<R>(work: () => R): R {
    return current.run(this, work);
  }

  end(): void {
    this.over = true;
    for (const socket of this.sockets) socket.destroy();
  }

  private owns(socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
  }
}
