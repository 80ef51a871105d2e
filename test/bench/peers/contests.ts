import { committing, PACE, pulling, sending, sendingBatches, sendingPaced, type Shape } from '../loads.js';
import type { Measure } from '../measure.js';
import type { Contest } from '../rounds.js';
import { atRest } from '../rows.js';
import { THIS_VERSION, type Measured, type Servers } from '../servers.js';
import { nats } from './nats.js';
import type { Mode, Peer } from './peer.js';
import { rabbitmq } from './rabbitmq.js';
import { redis } from './redis.js';
import { rocketmq } from './rocketmq.js';

const PEERS: readonly Peer[] = [rocketmq, rabbitmq, nats, redis];

type Side = () => Promise<Measure>;

/** The same load on each, in turns. @param skip is told why a peer is not measured in a mode */
export function peerContests(servers: Servers, scale: number, skip: (line: string) => void): Contest[] {
  const of = (connections: number, window: number, total: number): Shape => [
    connections,
    window,
    total * scale,
  ];
  const available = (mode: Mode): Peer[] =>
    PEERS.filter((peer) => {
      const reason = peer.missing(mode);
      if (reason !== undefined) skip(`${peer.name}, ${mode} flush: ${reason}`);
      return reason === undefined;
    });
  const [async, sync] = [available('async'), available('sync')];
  return [
    sendContest(servers, 'async', async, of(8, 128, 100_000)),
    sendContest(servers, 'async', async, of(8, 32, 80_000)),
    sendContest(servers, 'sync', sync, of(8, 128, 80_000)),
    sendContest(servers, 'sync', sync, of(8, 32, 60_000)),
    sendContest(servers, 'async', async, of(1, 1, 2_000)),
    ...(async.includes(rocketmq) ? rocketmqContests(servers, of) : []),
  ];
}

function sendContest(servers: Servers, mode: Mode, peers: readonly Peer[], shape: Shape): Contest {
  const sides: Record<string, Side> = {
    ours: async () => sending([await servers.broker(THIS_VERSION, mode)], shape),
  };
  for (const peer of peers) {
    const { frames, protocol } = peer;
    const how = { frames, ...(protocol && { protocol }) };
    sides[peer.name] = async () => sending([await servers.peer(peer, mode)], shape, how);
  }
  return { name: `sends, ${mode} flush, ${shape[0]} x ${shape[1]}`, sides };
}

/** What only a broker with RocketMQ's own protocol can be asked. */
function rocketmqContests(servers: Servers, of: (...shape: Shape) => Shape): Contest[] {
  const both = (
    name: string,
    shape: Shape,
    load: (on: readonly Measured[], shape: Shape) => Promise<Measure>,
  ): Contest => ({
    name,
    sides: {
      ours: async () => load([await servers.broker(THIS_VERSION, 'async')], shape),
      [rocketmq.name]: async () => load([await servers.peer(rocketmq, 'async')], shape),
    },
  });
  return [
    both('2,000 sends/s', of(8, 512, 2 * PACE), sendingPaced),
    both('pulls of 32', of(4, 4, 10_000), pulling),
    both('half + commit', of(8, 32, 20_000), committing),
    both('batches of 16', of(8, 8, 6_000), sendingBatches),
    {
      name: 'start and rest',
      sides: {
        ours: async () => atRest(await servers.startBroker(THIS_VERSION, servers.emptyFolder('start'))),
        [rocketmq.name]: async () => atRest(await rocketmq.start('async', '')),
      },
    },
  ];
}
