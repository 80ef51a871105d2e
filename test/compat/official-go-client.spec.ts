import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClassicCluster } from './classic-cluster.js';
import { buildGoClient, GO_CLIENT_VERSION, goIsHere, runGoScenario } from './go-client.js';

const suite = goIsHere() ? describe : describe.skip;

suite(`the unmodified Go client ${GO_CLIENT_VERSION}`, () => {
  let cluster: ClassicCluster;

  beforeAll(async () => {
    await buildGoClient();
    cluster = await ClassicCluster.start();
  });
  afterAll(() => cluster?.stop());

  async function run(scenario: string): Promise<Record<string, unknown>> {
    return runGoScenario(scenario, cluster.nameServer, await cluster.topic(`go_${scenario}`));
  }

  it('sends synchronously, asynchronously, one-way and in batches, and consumes each once', async () => {
    expect(await run('sends')).toEqual({
      stored: true,
      answered: 'true',
      came: 'async,batch 1,batch 2,one-way,sync',
    });
  });

  it('consumes what has a tag it wants, with key and property', async () => {
    expect(await run('tags')).toEqual({ came: 'body a key-a blue,body c key-c blue' });
  });

  it('selects messages by an SQL92 expression', async () => {
    expect(await run('sql')).toEqual({ came: 'dear' });
  });

  it('sends a key to one queue and consumes it in order, a failed message holding up its queue', async () => {
    expect(await run('ordered')).toEqual({ order: '0,0,1,2,3,4', queues: 1 });
  });

  it('delays by level and until a time', async () => {
    expect(await run('delay')).toEqual({ order: 'by level,by time', early: 0 });
  });

  it('commits, rolls back and answers checks of transactional messages', async () => {
    expect(await run('transactions')).toEqual({
      asked: 'asked, no,asked, yes',
      came: 'asked, yes,committed',
    });
  });

  it('polls as a member of a group, and reads from an offset', async () => {
    expect(await run('pull')).toEqual({ polled: '0,1,2', from: '1,2' });
  });

  it('broadcasts: each of two members gets all', async () => {
    expect(await run('broadcast')).toEqual({ first: '0,1,2', second: '0,1,2' });
  });

  it('retries what fails and buries it after the last attempt', async () => {
    // a consumer wants its topic to be there when it starts; this one is made with the first dead letter
    await cluster.topic('%DLQ%dead_go_dead-letter');
    expect(await run('dead-letter')).toEqual({ attempts: '0,1', buried: 'one', sameId: 'true' });
  });
});
