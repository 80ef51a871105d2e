import { once } from 'node:events';
import { connect, createServer, Socket, type AddressInfo, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Life } from './life.js';

describe('a life', () => {
  const { connect: original } = Socket.prototype;
  let server: Server;
  let unwatch: () => void;
  const call = (): Socket => connect((server.address() as AddressInfo).port, '127.0.0.1');

  beforeEach(async () => {
    server = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    unwatch = Life.watch();
  });

  afterEach(() => {
    unwatch();
    server.close();
  });

  it('loses its connections when it ends, and makes none any more', async () => {
    const life = new Life();
    const before = life.run(call);
    await once(before, 'connect');
    const late = life.run(async () => {
      await once(before, 'close');
      return call();
    });
    life.end();
    const [error] = (await once(await late, 'error')) as [Error];
    expect(error.message).toBe('no connection: the process it belongs to was killed');
  });

  it('leaves the connections of all others alone', async () => {
    const [life, other] = [new Life(), new Life()];
    const sockets = [life.run(() => other.run(call)), call()];
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    life.end();
    sockets.push(other.run(call));
    await once(sockets[2] as Socket, 'connect');
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, false, false]);
    for (const socket of sockets) socket.destroy();
  });

  it('is watched as long as somebody asks for it', () => {
    expect(Socket.prototype.connect).not.toBe(original);
    unwatch();
    expect(Socket.prototype.connect).toBe(original);
  });
});
