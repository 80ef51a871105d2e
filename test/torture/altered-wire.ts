import { connect, createServer, type Server, type Socket } from 'node:net';
import { decodeFrame, encodeFrame, FrameSplitter, type Command, type NewCommand } from '@halfmq/remoting';

/** Both ends of one connection through the wire. */
export interface Ends {
  readonly toBroker: (command: NewCommand) => void;
  readonly toClient: (command: NewCommand) => void;
}

/** What happens to the frames of one connection; undefined: the frame goes no further. */
export interface Alteration {
  readonly fromClient?: (command: Command) => NewCommand | undefined;
  readonly fromBroker?: (command: Command) => NewCommand | undefined;
}

/** A way to a broker on which frames can be altered, dropped and added. */
export class AlteredWire {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    /** host:port */
    readonly address: string,
  ) {}

  /** @param alter called for each connection */
  static async to(broker: string, alter: (ends: Ends) => Alteration): Promise<AlteredWire> {
    const [host = '', port] = broker.split(':');
    const server = createServer((client) => wire.join(client, connect(Number(port), host), alter));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const own = typeof address === 'object' && address !== null ? address.port : 0;
    const wire = new AlteredWire(server, `127.0.0.1:${own}`);
    return wire;
  }

  private join(client: Socket, broker: Socket, alter: (ends: Ends) => Alteration): void {
    const ends: Ends = {
      toBroker: (command) => void broker.write(Buffer.concat(encodeFrame(command))),
      toClient: (command) => void client.write(Buffer.concat(encodeFrame(command))),
    };
    const { fromClient, fromBroker } = alter(ends);
    this.pass(client, broker, fromClient, ends.toBroker);
    this.pass(broker, client, fromBroker, ends.toClient);
  }

  private pass(
    from: Socket,
    to: Socket,
    alter: ((command: Command) => NewCommand | undefined) | undefined,
    send: (command: NewCommand) => void,
  ): void {
    const splitter = new FrameSplitter();
    this.sockets.add(from);
    from.on('data', (chunk) => {
      splitter.push(chunk);
      for (let frame = splitter.next(); frame; frame = splitter.next()) {
        const command = decodeFrame(frame);
        const altered = alter ? alter(command) : command;
        if (altered) send(altered);
      }
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}
