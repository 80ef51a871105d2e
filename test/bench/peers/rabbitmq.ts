import { accessSync } from 'node:fs';
import type { Socket } from 'node:net';
import { freePort } from '../../kit/ports.js';
import { dialAll } from '../load.js';
import { startServer } from '../server.js';
import { bodyFrames, ConfirmCounter, GREETING, method, METHOD, shortText } from './amqp.js';
import type { Mode, Peer } from './peer.js';
import { ask, BODY } from './spoken.js';

/** The script below the system's own, which would become another user. */
const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/**
 * Erlang's port mapper is started as a child too, on a port of its own, since the server would leave one behind. The
 * shell waits twice: once until the signal, once until the server has ended.
 */
const RUN = `epmd -port "$ERL_EPMD_PORT" & mapper=$!
${SERVER} & server=$!
trap 'kill -TERM $server' TERM
wait $server; wait $server
kill $mapper`;

/** Durable queues, persistent messages, publisher confirms. The body alone. */
export const rabbitmq: Peer = {
  name: 'RabbitMQ',
  durability: { async: 'classic queues', sync: 'quorum queues: its log is synced first' },
  missing() {
    try {
      accessSync(SERVER);
      return undefined;
    } catch {
      return `no ${SERVER}`;
    }
  },
  async start(mode, folder) {
    const port = await freePort();
    const env = {
      ...process.env,
      HOME: folder,
      ERL_EPMD_PORT: String(await freePort()),
      RABBITMQ_DIST_PORT: String(await freePort()),
      RABBITMQ_NODENAME: `bench-${port}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_MNESIA_BASE: folder,
      RABBITMQ_LOG_BASE: folder,
      RABBITMQ_ENABLED_PLUGINS_FILE: `${folder}/plugins`,
      RABBITMQ_CONFIG_FILE: `${folder}/none`,
    };
    const server = await startServer({ command: 'sh', args: ['-c', RUN], port, env, withinMs: 60_000 });
    const [socket] = await dialAll({ targets: [server], connections: 1 });
    if (socket) {
      await open(socket);
      for (let lane = 0; lane < 4; lane++) await ask(socket, declare(lane, mode), METHOD.declareOk);
      socket.destroy();
    }
    return server;
  },
  protocol: {
    counter: () => new ConfirmCounter(),
    async greet(socket) {
      await open(socket);
      await ask(socket, method(1, METHOD.confirmSelect, Buffer.of(0)), METHOD.confirmSelectOk);
    },
  },
  frames(lane) {
    const where = Buffer.concat([Buffer.of(0, 0), shortText(''), shortText(queue(lane)), Buffer.of(0)]);
    return {
      template: Buffer.concat([method(1, METHOD.publish, where), ...bodyFrames(BODY)]),
      patch: () => undefined,
    };
  },
};

const queue = (lane: number): string => `bench-${lane % 4}`;

/** Durable, made when missing; of the kind that keeps what the mode promises. */
function declare(lane: number, mode: Mode): Buffer {
  const kind = mode === 'sync' ? 'quorum' : 'classic';
  const argument = Buffer.concat([shortText('x-queue-type'), Buffer.from('S'), longText(kind)]);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(argument.length);
  const name = Buffer.concat([Buffer.of(0, 0), shortText(queue(lane)), Buffer.of(0b00010)]);
  return method(1, METHOD.declare, Buffer.concat([name, size, argument]));
}

async function open(socket: Socket): Promise<void> {
  await ask(socket, GREETING, METHOD.start);
  const login = Buffer.concat([
    Buffer.alloc(4),
    shortText('PLAIN'),
    longText('\0guest\0guest'),
    shortText('en_US'),
  ]);
  const tune = await ask(socket, method(0, METHOD.startOk, login), METHOD.tune);
  // its own limits, taken as they are: channels, frame size, heartbeat
  const limits = tune.subarray(tune.indexOf(METHOD.tune) + 4).subarray(0, 8);
  limits.writeUInt16BE(0, 6);
  socket.write(method(0, METHOD.tuneOk, limits));
  const host = Buffer.concat([shortText('/'), Buffer.of(0, 0)]);
  await ask(socket, method(0, METHOD.open, host), METHOD.openOk);
  await ask(socket, method(1, METHOD.channelOpen, Buffer.of(0)), METHOD.channelOpenOk);
}

function longText(text: string): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(text.length);
  return Buffer.concat([size, Buffer.from(text)]);
}
