import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { havingCommand } from '../kit/having-command.js';
import { freePort } from '../kit/ports.js';
import { RestClient } from '../kit/rest.js';
import { TimedBroker } from '../kit/timed-broker.js';
import { until } from '../kit/until.js';

jest.setTimeout(60_000);

const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const PYTHON = path('examples/python/orders.py');
const SHELL = path('examples/curl/send-if.sh');

it('docs/http-transactions.md shows the examples that run here', () => {
  const page = readFileSync(path('docs/http-transactions.md'), 'utf8');
  const shown = (language: string): string | undefined =>
    new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(page)?.[1];
  expect(shown('python')).toBe(readFileSync(PYTHON, 'utf8'));
  expect(shown('sh')).toBe(readFileSync(SHELL, 'utf8'));
});

describe('the examples of transactions over HTTP', () => {
  let broker: TimedBroker;
  let folder: string;
  let base: string;
  const rest = new RestClient(() => broker.httpPort);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halfmq-example-'));
    broker = await TimedBroker.start({ httpPort: String(await freePort()) });
    base = `http://127.0.0.1:${broker.httpPort}`;
  });
  afterEach(async () => {
    await broker.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function bodies(topic: string): Promise<string[]> {
    const client = broker.client();
    const rows = await Promise.all([0, 1, 2, 3].map((queue) => client.bodies(topic, queue)));
    return rows.flat();
  }
  const states = async (): Promise<unknown[]> => {
    const { items } = await rest.get<{ items: { state: string }[] }>('transactions');
    return items.map(({ state }) => state);
  };

  describe('in Python', () => {
    let service: ChildProcess;
    let output = '';

    async function start(port: number): Promise<string> {
      const options = ['--broker', base, '--port', String(port), '--database', join(folder, 'orders.db')];
      service = spawn('python3', [PYTHON, ...options], { env: { ...process.env, NO_PROXY: '*' } });
      output = '';
      service.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
      service.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
      await until('it listens', () => output.includes('orders at'));
      return /http:\S+/.exec(output)?.[0] ?? '';
    }
    async function stop(): Promise<void> {
      if (service.exitCode !== null || service.signalCode !== null) return;
      service.kill('SIGKILL');
      await once(service, 'close');
    }
    const place = (orders: string, id: string): Promise<Response> =>
      fetch(orders, { method: 'POST', body: JSON.stringify({ id, sku: 'tea' }) });

    havingCommand('python3')(
      'an order and its message happen both, or neither, also when the service is killed',
      async () => {
        const port = await freePort();
        try {
          const orders = await start(port);
          expect((await place(orders, '1')).status).toBe(200);
          expect(await bodies('order-placed')).toEqual(['{"id":"1","sku":"tea"}']);
          // the order is refused by its database: its message is prepared at no time, or rolled back by the check
          expect((await place(orders, '1')).status).toBe(500);
          // what a service leaves that was killed before its COMMIT: nobody but its database can tell
          const lost = {
            group: 'orders',
            checkUrl: orders.replace('/orders', '/check'),
            messages: [{ topic: 'order-placed', body: 'lost' }],
          };
          await rest.put('transactions/lost', lost);
          await stop();
          await broker.clock.advance(60_000);
          expect(await states()).toEqual(['pending']);
          await start(port);
          await until('its database has said no', async () => {
            await broker.clock.advance(30_000);
            return (await states()).length === 0;
          });
          expect(await rest.get('transactions/lost')).toMatchObject({
            state: 'rolledBack',
            verdict: { by: 'check' },
          });
          expect(await bodies('order-placed')).toHaveLength(1);
        } finally {
          await stop();
        }
      },
    );
  });

  havingCommand('curl')('in shell: the message is sent if, and only if, the command succeeds', async () => {
    const run = async (...args: string[]): Promise<number | null> => {
      const child = spawn('sh', [SHELL, ...args], {
        env: { ...process.env, BROKER: base, NO_PROXY: '*' },
        stdio: 'ignore',
      });
      return ((await once(child, 'close')) as [number | null])[0];
    };
    const report = join(folder, 'report');
    expect(await run('reports', '{"day":"monday"}', 'touch', report)).toBe(0);
    expect(await run('reports', 'never', 'test', '!', '-f', report)).toBe(1);
    expect(await run('reports')).toBe(2);
    expect([await bodies('reports'), await states()]).toEqual([['{"day":"monday"}'], []]);
  });
});
