import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { NamesrvConfig } from './config/settings.js';
import type { KvConfig } from './kv.js';

/** Namespace of the key-value table: by the last word of the path, the list that is answered. */
export const ADDRESS_SERVER = 'ADDRESS_SERVER';
const PATH = /^\/rocketmq\/([\w-]+)$/;
const USUAL = 'nsaddr';

export interface AddressDoor {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * RocketMQ's address server, `GET /rocketmq/nsaddr`: the name servers as text, `a:9876;b:9876`. It is what the key-value
 * table has under the path's last word, which changes while clients and brokers run; else addressServerList; else this
 * name server, by the address it was asked at. Other words, as a unit's `nsaddr-unit`, are known only by the table.
 * @throws Error in one line when the port is taken
 */
export async function openAddressDoor(
  config: NamesrvConfig,
  kv: KvConfig,
  ownPort: () => number,
): Promise<AddressDoor> {
  const server = createServer((request, answer) => {
    const list = listFor(request, config, kv, ownPort());
    if (list === undefined) say(answer, 404, `GET /rocketmq/${USUAL} expected`);
    else say(answer, 200, list);
  });
  await listening(server, config);
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listFor(
  { method, url = '', socket }: IncomingMessage,
  config: NamesrvConfig,
  kv: KvConfig,
  ownPort: number,
): string | undefined {
  const [path = ''] = url.split('?');
  const [, word] = PATH.exec(path) ?? [];
  if (word === undefined || (method !== 'GET' && method !== 'HEAD')) return undefined;
  const told = kv.get(ADDRESS_SERVER, word);
  if (told !== undefined || word !== USUAL) return told;
  if (config.addressServerList !== '') return config.addressServerList;
  const host = (socket.localAddress ?? '127.0.0.1').replace(/^::ffff:/, '');
  return `${host.includes(':') ? `[${host}]` : host}:${ownPort}`;
}

function say(answer: ServerResponse, status: number, text: string): void {
  answer.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  answer.end(`${text}\n`);
}

function listening(server: Server, { addressServerPort: port, bindAddress }: NamesrvConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const what = error.code === 'EADDRINUSE' ? 'is taken' : `cannot be opened (${error.code})`;
      const asker = 'the name server asked for it (addressServerPort)';
      reject(new Error(`port ${port} on ${bindAddress} ${what}: ${asker}`, { cause: error }));
    });
    server.listen(port, bindAddress, resolve);
  });
}
