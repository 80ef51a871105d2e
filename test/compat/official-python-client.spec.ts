import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClassicCluster } from './classic-cluster.js';
import { resultOf } from './java-clients.js';
import { pythonIsHere, PythonVenv } from './python-venv.js';

const suite = pythonIsHere() ? describe : describe.skip;

suite('the unmodified classic Python client (C++) 0.4.4', () => {
  const venv = new PythonVenv('classic');
  let cluster: ClassicCluster;

  beforeAll(async () => {
    await venv.prepare();
    cluster = await ClassicCluster.start();
  });
  afterAll(() => cluster?.stop());

  async function run(scenario: string): Promise<Record<string, unknown>> {
    const args = [scenario, cluster.nameServer, await cluster.topic(`python_${scenario}`)];
    return resultOf(`${scenario} on Python`, await venv.run('classic_scenarios.py', args));
  }

  it('sends synchronously, asynchronously and one-way, and consumes each once', async () => {
    expect(await run('sends')).toEqual({ stored: true, answered: true, came: 'async,one-way,sync' });
  });

  it('consumes what has a tag it wants, with key and property', async () => {
    expect(await run('tags')).toEqual({ came: 'body a key-a blue,body c key-c blue' });
  });

  it('sends a key to one queue and consumes it in order', async () => {
    expect(await run('ordered')).toEqual({ order: '0,1,2,3,4', queues: 1 });
  });

  it('delays by level', async () => {
    expect(await run('delay')).toEqual({ came: 1, early: false });
  });

  it('pulls a queue from its beginning', async () => {
    expect(await run('pull')).toEqual({ came: '0,1,2' });
  });

  it('gets all of a broadcast', async () => {
    expect(await run('broadcast')).toEqual({ came: '0,1,2' });
  });
});
