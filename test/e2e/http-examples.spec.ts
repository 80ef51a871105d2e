import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { snippetsOf } from '../kit/docs-page.js';
import { havingCommand } from '../kit/having-command.js';
import { freePort } from '../kit/ports.js';
import { RestProxy } from '../kit/rest-proxy.js';
import { TimedBroker } from '../kit/timed-broker.js';

jest.setTimeout(60_000);

const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const WORKER = path('examples/python/worker.py');
const QUEUE = path('examples/curl/queue.sh');

interface Answer {
  readonly items: readonly { readonly receipt: string; readonly body: string; readonly attempt: number }[];
  readonly recallHandle: string;
}

async function runAt(
  base: string,
  command: string,
  ...args: string[]
): Promise<{ code: number | null; said: string }> {
  const child = spawn(command, args, { env: { ...process.env, BROKER: base, NO_PROXY: '*' } });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

/** @returns the answer's document */
async function queueAt(base: string, ...args: string[]): Promise<Answer> {
  const { code, said } = await runAt(base, 'sh', QUEUE, ...args);
  expect({ code, said }).toMatchObject({ code: 0 });
  return JSON.parse(said) as Answer;
}

it('docs/http.md shows the examples that run here', () => {
  const [sh, python] = snippetsOf('docs/http.md').map(({ code }) => code);
  expect(sh).toBe(readFileSync(QUEUE, 'utf8'));
  expect(python).toBe(readFileSync(WORKER, 'utf8'));
});

describe('the examples of messages over HTTP', () => {
  let broker: TimedBroker;
  let folder: string;
  let base: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halfmq-example-'));
    broker = await TimedBroker.start({ httpPort: String(await freePort()) });
    base = `http://127.0.0.1:${broker.httpPort}`;
  });
  afterEach(async () => {
    await broker.close();
    await rm(folder, { recursive: true, force: true });
  });

  const run = (command: string, ...args: string[]) => runAt(base, command, ...args);
  const queue = (...args: string[]) => queueAt(base, ...args);

  havingCommand('curl')(
    'in shell: a message is sent, received, given back, received again and done',
    async () => {
      await queue('send', 'jobs', '{"id": "7"}');
      const [first] = (await queue('receive', 'workers', 'jobs')).items;
      expect(first?.body).toBe('{"id": "7"}');
      expect((await queue('receive', 'workers', 'jobs')).items).toEqual([]);
      await queue('nack', 'workers', first!.receipt, '0');
      await broker.clock.advance(100);
      const [again] = (await queue('receive', 'workers', 'jobs')).items;
      expect(again?.attempt).toBe(2);
      expect(await queue('ack', 'workers', again!.receipt)).toEqual({ taken: 1, expired: [] });
      const { recallHandle } = await queue('send', 'jobs', 'later', '60000');
      await queue('recall', 'jobs', recallHandle);
      await broker.clock.advance(120_000);
      expect((await queue('receive', 'workers', 'jobs')).items).toEqual([]);
      expect(await run('sh', QUEUE)).toMatchObject({
        code: 2,
        said: expect.stringContaining('./queue.sh send'),
      });
      const failed = await run('sh', QUEUE, 'receive', 'workers', 'nobody');
      expect(failed.code).not.toBe(0);
      expect(failed.said).toContain('urn:halfmq:error:topic-not-exist');
    },
  );

  havingCommand('python3')('in Python: a worker acknowledges what worked, the rest comes again', async () => {
    const client = broker.client();
    for (const body of ['good', 'bad']) await client.send('jobs', body);
    const out = join(folder, 'out');
    const work = `read line; echo "$line" >> ${out}; test "$line" = good -o -f ${out}.repaired`;
    const worker = (): Promise<{ code: number | null; said: string }> =>
      run(
        'python3',
        WORKER,
        '--broker',
        base,
        '--group',
        'workers',
        '--topic',
        'jobs',
        '--once',
        '--',
        'sh',
        '-c',
        work,
      );
    const { code, said } = await worker();
    expect({ code, said }).toMatchObject({ code: 0 });
    expect(said).toMatch(/done \S+, attempt 1\nfailed \S+, attempt 1\n/);
    await run('touch', `${out}.repaired`);
    await broker.clock.advance(10_100);
    expect((await worker()).said).toMatch(/^done \S+, attempt 2\n$/);
    await broker.clock.advance(600_000);
    expect((await worker()).said).toBe('');
    expect(await readFile(out, 'utf8')).toBe('good\nbad\nbad\n');
  });
});

describe('the same examples at a proxy', () => {
  let proxy: RestProxy;
  let base: string;
  beforeEach(async () => {
    proxy = await RestProxy.start();
    base = `http://127.0.0.1:${proxy.port}`;
  });
  afterEach(() => proxy.close());

  havingCommand('curl')('in shell: what is sent to either broker is received and done', async () => {
    for (const body of ['a', 'b']) await queueAt(base, 'send', 'there', body);
    const came: string[] = [];
    while (came.length < 2) {
      const [message] = (await queueAt(base, 'receive', 'workers', 'there')).items;
      if (!message) continue;
      came.push(message.body);
      expect(await queueAt(base, 'ack', 'workers', message.receipt)).toEqual({ taken: 1, expired: [] });
    }
    expect(came.toSorted()).toEqual(['a', 'b']);
    const { recallHandle } = await queueAt(base, 'send', 'there', 'later', '60000');
    await queueAt(base, 'recall', 'there', recallHandle);
  });

  havingCommand('python3')('in Python: the worker handles what both have', async () => {
    const sent = [];
    for (const body of ['a', 'b', 'c']) sent.push(await proxy.send('there', { body }));
    const options = ['--broker', base, '--group', 'mailers', '--topic', 'there', '--once'];
    const { code, said } = await runAt(base, 'python3', WORKER, ...options, '--', 'cat');
    expect({ code, said }).toMatchObject({ code: 0 });
    for (const { messageId } of sent) expect(said).toContain(`done ${messageId}, attempt 1`);
  });
});
