import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  decodeKvTable,
  getBrokerRuntimeInfo,
  RemotingClient,
  silentLog,
  systemClock,
} from '@halfmq/remoting';
import { Cluster } from '../kit/cluster.js';
import { damage } from '../kit/damage.js';
import { buildClients, CLIENT_VERSIONS, javaIsHere, runScenario } from './java-clients.js';

const suite = javaIsHere() ? describe : describe.skip;

/*
 * The hard cases of transactions (test/e2e/hard-cases/first-verdict.spec.ts lists them) as the official transactional
 * producer makes them. Not by it: 16, which needs a second copy of the log.
 */
suite.each(CLIENT_VERSIONS)('hard cases of transactions with the unmodified Java client %s', (version) => {
  let cluster: Cluster;

  beforeAll(async () => {
    await buildClients(version);
    cluster = await Cluster.start({
      transactionTimeOut: '1000',
      transactionCheckInterval: '1000',
      transactionCheckMax: '3',
    });
  });

  afterAll(() => cluster?.stop());

  it('1-7, 10, 11, 13-15 have one effect each', async () => {
    const { checksOf2, checksOf3, ...seen } = await runScenario(version, 'hard-cases', cluster.nameServer);
    expect(seen).toEqual({
      all: true,
      'delivered 1': 1,
      'delivered 3': 1,
      'delivered 4': 1,
      'delivered 5-ahead': 1,
      'delivered 5-behind': 1,
      'delivered Case06a': 1,
      'delivered Case06b': 1,
      'delivered 7': 1,
      'delivered 10': 1,
      'delivered 11': 1,
      'delivered 13-a': 1,
      'delivered 13-b': 1,
      'delivered 13-later': 1,
      'delivered 14-COMMIT_MESSAGE': 1,
      'delivered 15': 1,
      parked4: true,
      deliveredBeforeTheVerdictOf4: 0,
      checksOf4: 3,
      'bornHoursAway5-ahead': 3,
      'bornHoursAway5-behind': -3,
      'checkedEarly5-ahead': false,
      'checkedEarly5-behind': false,
      'checksOf5-ahead': 1,
      'checksOf5-behind': 1,
      wrongProducerAsked: 0,
      checkedInItsImmunity7: false,
      checksOf7: 3,
      numberOfTheCheckOf11: '1',
      checksOf15: 4,
      resumed15: true,
      resumedAgain15: false,
    });
    // the next one may have been on its way when the verdict was
    expect([1, 2]).toContain(checksOf2);
    expect([2, 3]).toContain(checksOf3);
  });

  it('9, 12: a broker killed during a check and a damaged half message: every other one resolves, once', async () => {
    let killed: Promise<void> | undefined;
    const restart = async (): Promise<void> => {
      await cluster.broker.kill();
      await damage(join(cluster.folder, 'store'), 'DAMAGE-ME-HERE');
      await cluster.broker.start();
    };
    const seen = await runScenario(version, 'broker-killed', cluster.nameServer, (line) => {
      if (line === 'READY') killed = restart();
    });
    await killed;
    expect(seen).toEqual({ all: true, before: 1, committed: 1, damaged: 0, after: 1 });
  });

  it('8: half messages that nobody resolves are stored once, however often they are checked', async () => {
    const patient = await Cluster.start({ transactionTimeOut: '1000', transactionCheckInterval: '1000' });
    const client = new RemotingClient({ clock: systemClock, log: silentLog });
    const logBytes = async (): Promise<number> => {
      const { body } = await client.request(patient.brokerAddress, getBrokerRuntimeInfo, {}, undefined, {
        timeoutMs: 10_000,
      });
      return Number(decodeKvTable(body).get('commitLogMaxOffset'));
    };
    try {
      const empty = await logBytes();
      let stored: Promise<number> | undefined;
      const seen = await runScenario(version, 'wear', patient.nameServer, (line) => {
        if (line === 'READY') stored = logBytes();
      });
      expect(seen).toEqual({ eachCheckedThreeTimes: true, halves: 1000 });
      const [before = 0, after] = [await stored, await logBytes()];
      expect(before - empty).toBeGreaterThan(1000 * 1024);
      // a record of each check, or of each half message again, would be many times this
      expect(after - before).toBeLessThan((before - empty) / 20);
    } finally {
      await client.close();
      await patient.stop();
    }
  });
});
