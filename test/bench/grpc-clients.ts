import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { parseArgs } from 'node:util';
import { requestFrame } from '../kit/grpc-client.js';
import { freePort } from '../kit/ports.js';
import { ask, mustBeTaken, telemetry } from './grpc-answers.js';
import type { Server } from './server.js';
import { Servers, THIS_VERSION } from './servers.js';

/*
 * `node test/dist/bench/grpc-clients.js`: gRPC clients that are there and do nothing, each with a connection and a telemetry
 * stream of its own and a heartbeat every ten seconds, as the official ones: what they cost the broker.
 *
 *   --clients N   10,000 by default; as many sockets here and in the broker (ulimit -n)
 *   --seconds N   30 by default, of heartbeats
 */
const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '30' },
  },
});
const count = Number(values.clients);
const seconds = Number(values.seconds);

const HEARTBEAT_MS = 10_000;
/** so many connect at once */
const TOGETHER = 100;
const SETTINGS = requestFrame('Telemetry', {
  settings: {
    clientType: 'SIMPLE_CONSUMER',
    subscription: {
      group: { name: 'idle' },
      subscriptions: [{ topic: { name: 'orders' }, expression: { type: 'TAG', expression: '*' } }],
    },
  },
});
const HEARTBEAT = requestFrame('Heartbeat', { group: { name: 'idle' }, clientType: 'SIMPLE_CONSUMER' });

interface Client {
  readonly id: string;
  readonly session: ClientHttp2Session;
  readonly stream: ClientHttp2Stream;
}

/** Resolves when the broker has answered its settings. */
function enter(port: number, id: string): Promise<Client> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`);
    const stream = telemetry(session, id);
    session.once('error', reject);
    stream.once('error', reject);
    stream.once('data', () => resolve({ id, session, stream }));
    stream.write(SETTINGS);
  });
}

async function enterAll(port: number): Promise<Client[]> {
  const clients: Client[] = [];
  while (clients.length < count) {
    const more = Math.min(TOGETHER, count - clients.length);
    const ids = Array.from({ length: more }, (_, nth) => `idle-${clients.length + nth}`);
    clients.push(...(await Promise.all(ids.map((id) => enter(port, id)))));
    if (process.stderr.isTTY) process.stderr.write(`\r${clients.length} of ${count} clients`);
  }
  return clients;
}

/** One after the other, spread over ten seconds. */
async function beat(clients: readonly Client[]): Promise<void> {
  const begun = performance.now();
  const total = Math.round((count * seconds * 1000) / HEARTBEAT_MS);
  const answers: Promise<void>[] = [];
  while (answers.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - begun) * count) / HEARTBEAT_MS));
    while (answers.length < due) {
      const client = clients[answers.length % count];
      if (client) answers.push(ask(client.session, 'Heartbeat', HEARTBEAT, client.id).then(mustBeTaken));
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await Promise.all(answers);
}

const line = (text: string): boolean => process.stdout.write(`${text}\n`);
const memoryOf = (broker: Server): string =>
  `${broker.memoryMb().toFixed(0)} MB, ${broker.ownMemoryMb().toFixed(0)} of its own`;

const servers = new Servers();
try {
  const port = await freePort();
  const broker = await servers.startBroker(THIS_VERSION, servers.emptyFolder('clients'), {
    grpcServerPort: String(port),
    autoCreateTopicEnable: 'true',
  });
  line(`without a client     ${memoryOf(broker)}`);
  const clients = await enterAll(port);
  line(`${count} clients have come   ${memoryOf(broker)}`);
  const before = broker.cpuMicros();
  const begun = performance.now();
  await beat(clients);
  const share = (broker.cpuMicros() - before) / 1000 / (performance.now() - begun);
  line(`with heartbeats      ${memoryOf(broker)}, ${(share * 100).toFixed(1)} % of a core`);
  for (const { session } of clients) session.destroy();
  await broker.stop();
} finally {
  await servers.stop();
}
