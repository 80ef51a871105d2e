import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import { claimPort } from './ports.js';
import { ShopError } from './settings.js';

test('a taken port is named in one line, with who wanted it and the way out', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    await expect(claimPort(port, 'broker', 'HALFMQ_BROKER_PORT')).rejects.toThrow(
      new ShopError(
        `Port ${port} for the broker is taken by another process. Stop that process, or choose another port: ` +
          `HALFMQ_BROKER_PORT=${port + 1} (0 = any free port).`,
      ),
    );
  } finally {
    server.close();
    await once(server, 'close');
  }
});

test('0 is any free port', async () => {
  expect(await claimPort(0, 'broker', 'HALFMQ_BROKER_PORT')).toBeGreaterThan(0);
});
