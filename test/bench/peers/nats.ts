import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../kit/ports.js';
import { dialAll } from '../load.js';
import { startServer } from '../server.js';
import type { Peer } from './peer.js';
import { ask, BODY, isInstalled, MarkCounter } from './spoken.js';

const CONNECT = 'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n';
const STREAM =
  '{"name":"BENCH","subjects":["bench.*"],"storage":"file","retention":"limits","num_replicas":1}';
const inbox = (lane: number | string): string => `_INBOX.bench.${lane}`;

const config = (port: number, folder: string, sync: boolean): string =>
  `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${folder}"${sync ? ', sync_interval: always' : ''} }\n`;

/** NATS JetStream: a stream in files, and an inbox for the acknowledgements of each connection. The body alone. */
export const nats: Peer = {
  name: 'NATS JetStream',
  durability: { async: 'synced every 2 min, its default', sync: 'sync_interval: always' },
  missing(mode) {
    if (!isInstalled('nats-server')) return 'no nats-server in the path';
    const old = mode === 'sync' && !canSync();
    return old ? 'this nats-server (before 2.10) cannot sync before it acknowledges' : undefined;
  },
  async start(mode, folder) {
    const port = await freePort();
    const file = join(folder, 'nats.conf');
    writeFileSync(file, config(port, join(folder, 'store'), mode === 'sync'));
    const server = await startServer({ command: 'nats-server', args: ['-c', file], port });
    const [socket] = await dialAll({ targets: [server], connections: 1 });
    if (socket) {
      const request = `PUB $JS.API.STREAM.CREATE.BENCH ${inbox('make')} ${STREAM.length}\r\n${STREAM}\r\n`;
      await ask(socket, `${CONNECT}SUB ${inbox('make')} 1\r\n${request}`, '"did_create":true');
      socket.destroy();
    }
    return server;
  },
  protocol: {
    // an acknowledgement is MSG _INBOX… {"stream":"BENCH","seq":1}
    counter: () => new MarkCounter('}', 1, /"error"/),
    async greet(socket, lane) {
      await ask(socket, `${CONNECT}SUB ${inbox(lane)} 1\r\nPING\r\n`, 'PONG');
    },
  },
  frames(lane) {
    const head = `PUB bench.${lane % 4} ${inbox(lane)} ${BODY.length}\r\n`;
    return {
      template: Buffer.concat([Buffer.from(head), BODY, Buffer.from('\r\n')]),
      patch: () => undefined,
    };
  },
};

function canSync(): boolean {
  const file = join(tmpdir(), `halfmq-nats-${process.pid}.conf`);
  writeFileSync(file, config(4222, tmpdir(), true));
  const check = spawnSync('nats-server', ['-t', '-c', file], { encoding: 'utf8' });
  rmSync(file);
  return !`${check.stdout}${check.stderr}`.includes('unknown field');
}
