import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from '../kit/cluster.js';
import { buildClients, CLIENT_VERSIONS, javaIsHere, runScenario } from './java-clients.js';

const suite = javaIsHere() ? describe : describe.skip;

suite.each(CLIENT_VERSIONS)('the unmodified Java client %s', (version) => {
  let cluster: Cluster;
  const run = (scenario: string) => runScenario(version, scenario, cluster.nameServer);

  beforeAll(async () => {
    await buildClients(version);
    cluster = await Cluster.start({
      // levels 3 and 4 are the first two retries
      enablePropertyFilter: 'true',
      messageDelayLevel: '1s 1s 1s 1s 1s 1s',
      transactionTimeOut: '1000',
      transactionCheckInterval: '1000',
    });
  });

  afterAll(() => cluster?.stop());

  it('sends synchronously, asynchronously, one-way, large and in batches, and consumes each once', async () => {
    expect(await run('send-and-consume')).toEqual({
      stored: 20,
      answered: 20,
      large: true,
      batched: true,
      all: true,
      keys: 81,
      deliveries: 81,
      whole: 81,
      unwanted: 0,
    });
  });

  it('shares the queues of a topic between two members, and leaves all to the one that stays', async () => {
    expect(await run('rebalance')).toEqual({
      shared: true,
      rounds: true,
      both: true,
      taken: true,
      alone: 40,
    });
  });

  it('retries what fails and buries it after the last attempt', async () => {
    expect(await run('dead-letter')).toEqual({
      tried: true,
      badAttempts: 3,
      lateAttempts: 2,
      buried: 1,
      sameId: true,
      ownTopic: true,
    });
  });

  it('commits, rolls back and answers checks of transactional messages', async () => {
    expect(await run('transactions')).toEqual({
      all: true,
      commit: 1,
      checkCommit: 1,
      rollback: 0,
      checkRollback: 0,
      checksOfCommit: 2,
      checksOfDecided: 0,
    });
  });

  it('consumes in order, a failed message holding up its queue', async () => {
    expect(await run('orderly')).toEqual({ all: true, queues: 4, sorted: 4, failures: 2 });
  });

  it('selects messages by an SQL92 expression, and does not start with one that is wrong', async () => {
    expect(await run('filter')).toEqual({ all: true, got: 'new-50 old-20 old-30', refused: 23 });
  });

  it('asks, is answered, and is told when nobody answers', async () => {
    expect(await run('request-reply')).toEqual({ answered: 10, replied: 10, timedOut: true });
  });

  const itSince5 = version.startsWith('5') ? it : () => undefined;
  itSince5('takes a delayed message back', async () => {
    expect(await run('recall')).toEqual({ second: true, first: false, sameId: true });
  });

  it('finds messages by business key, by message id and by offset message id', async () => {
    expect(await run('query')).toEqual({
      byKey: 2,
      byOtherKey: 'first',
      newest: 'second',
      byMessageId: 'first',
      byOffsetMessageId: 'second',
      tooEarly: false,
      unknown: false,
    });
  });
});
