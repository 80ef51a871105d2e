import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BadNetwork } from '../kit/bad-network.js';
import { GrpcClient, type Received } from '../kit/grpc-client.js';
import { GrpcTrial, texts } from '../kit/grpc-trial.js';
import { until } from '../kit/until.js';

jest.setTimeout(30_000);

const MORTAL = fileURLToPath(new URL('../dist/kit/mortal-grpc-client.js', import.meta.url));
/** A client whose stream is gone may come back within so long. */
const COMES_BACK_MS = 10_000;
/** Nobody has said a word for so long. */
const EXPIRES_MS = 120_000;
/** Clients are looked at each ten seconds, and what was released is there a second later. */
const SOON_MS = 12_000;

describe('gRPC clients that are gone without a word', () => {
  let trial: GrpcTrial;
  const closing: (() => Promise<void> | void)[] = [];

  beforeEach(async () => {
    trial = await GrpcTrial.start();
  });
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
    await trial.close();
  });

  /** Over a way that can lose connections. */
  async function consumerBehind(network: BadNetwork): Promise<GrpcClient> {
    const client = new GrpcClient(Number(network.address.split(':')[1]));
    closing.push(() => client.close());
    await client.consumer('readers', 'orders', 'PUSH_CONSUMER');
    return client;
  }

  /** Runs until it has killed itself. */
  async function dies(role: 'consumer' | 'producer'): Promise<void> {
    const child = spawn(process.execPath, [MORTAL, String(trial.pops.broker.grpcPort), role], {
      stdio: 'inherit',
    });
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect(signal).toBe('SIGKILL');
  }

  /** What another consumer gets, until it has so many. */
  async function others(count: number): Promise<string[]> {
    const client = await trial.consumer();
    const came: Received[] = [];
    await until('it comes again', async () => {
      const waits = { longPollingTimeout: { seconds: 0, nanos: 0 } };
      const receiving = client.receive('readers', 'orders', waits);
      await trial.advance(5_000);
      came.push(...(await receiving).messages);
      return came.length >= count;
    });
    return texts(came);
  }

  it('behind a half-open connection leave what they worked on, and what was sent to them since, to others', async () => {
    const network = await BadNetwork.before(`127.0.0.1:${trial.pops.broker.grpcPort}`);
    closing.push(() => network.close());
    const client = await consumerBehind(network);
    const worker = await consumerBehind(network);
    await trial.pops.send('at work');
    expect(texts((await client.receive('readers', 'orders', { autoRenew: true })).messages)).toEqual([
      'at work',
    ]);
    const lost = worker.receiving('readers', 'orders', { autoRenew: true });
    lost.on('error', () => undefined);
    await until('it waits', async () => (await trial.pops.polling()) === 1);
    network.lose();
    await trial.pops.send('into the void');
    await until('nobody waits', async () => (await trial.pops.polling()) === 0);
    await trial.advance(EXPIRES_MS);
    await trial.advance(SOON_MS);
    expect((await others(2)).toSorted()).toEqual(['at work', 'into the void']);
  });

  it('are killed while they work: another one has the message seconds later', async () => {
    await trial.pops.send('at work');
    await dies('consumer');
    await trial.advance(COMES_BACK_MS);
    await trial.advance(SOON_MS);
    expect(await others(1)).toEqual(['at work']);
  });

  it('are killed between a half message and its verdict: another producer is asked', async () => {
    await dies('producer');
    const producer = await trial.producer();
    const asked = await until('it is asked', async () => {
      await trial.advance(1_000);
      return producer.told.find((command) => command['recoverOrphanedTransactionCommand']);
    });
    const { message, transactionId } = asked['recoverOrphanedTransactionCommand'] as {
      message: Received;
      transactionId: string;
    };
    const { messageId } = message.systemProperties;
    const verdict = { topic: { name: 'orders' }, messageId, transactionId, resolution: 'COMMIT' };
    expect(await producer.call('EndTransaction', verdict)).toMatchObject({ status: { code: 'OK' } });
    expect(await others(1)).toEqual(['half']);
  });
});
