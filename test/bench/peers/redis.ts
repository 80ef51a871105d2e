import { freePort } from '../../kit/ports.js';
import { startServer } from '../server.js';
import { BODY, isInstalled, MarkCounter } from './spoken.js';
import type { Peer } from './peer.js';

/** Redis Streams: XADD, pipelined. The body alone; ids are the server's. */
export const redis: Peer = {
  name: 'Redis Streams',
  durability: { async: 'appendfsync everysec', sync: 'appendfsync always' },
  missing: () => (isInstalled('redis-server') ? undefined : 'no redis-server in the path'),
  async start(mode, folder) {
    const port = await freePort();
    const fsync = mode === 'sync' ? 'always' : 'everysec';
    const where = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
    // a rewrite of the log would be a child's work, here and there in a round: it is left out, in their favour
    const log = [
      '--appendonly',
      'yes',
      '--appendfsync',
      fsync,
      '--auto-aof-rewrite-percentage',
      '0',
      '--save',
      '',
    ];
    return startServer({ command: 'redis-server', args: [...where, ...log], port });
  },
  // an answer is $15 1700000000000-0, two lines
  protocol: { counter: () => new MarkCounter('\n', 2, /^-|\n-/) },
  frames(lane) {
    const stream = `bench-${lane % 4}`;
    const head = `*5\r\n$4\r\nXADD\r\n$${stream.length}\r\n${stream}\r\n$1\r\n*\r\n$4\r\nbody\r\n$${BODY.length}\r\n`;
    return {
      template: Buffer.concat([Buffer.from(head), BODY, Buffer.from('\r\n')]),
      patch: () => undefined,
    };
  },
};
