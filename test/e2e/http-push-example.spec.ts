import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { root, snippetsOf } from '../kit/docs-page.js';
import { havingCommand } from '../kit/having-command.js';
import { InProcessBroker } from '../kit/in-process.js';
import { freePort } from '../kit/ports.js';
import { RestClient } from '../kit/rest.js';
import { until } from '../kit/until.js';

jest.setTimeout(60_000);

const STOCK = join(root, 'examples/python/stock.py');
const MAILER = join(root, 'examples/php/mailer.php');

interface Page {
  readonly items?: readonly { readonly body: string }[];
}

it('docs/http.md shows the services that run here', () => {
  const shown = snippetsOf('docs/http.md').map(({ code }) => code);
  expect(shown).toContain(readFileSync(STOCK, 'utf8'));
  expect(shown).toContain(readFileSync(MAILER, 'utf8'));
});

describe('the examples of services that are pushed to', () => {
  let started: InProcessBroker;
  let rest: RestClient;
  let folder: string;
  let service: ChildProcess | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halfmq-example-'));
    started = await InProcessBroker.start({ properties: { httpPort: String(await freePort()) } });
    rest = new RestClient(() => started.broker.httpPort);
  });
  afterEach(async () => {
    await end();
    await started.close();
    await rm(folder, { recursive: true, force: true });
  });

  const place = (id: string): Promise<object> =>
    rest.post('topics/order-placed/messages', { body: { id, sku: 'tea' }, keys: [id] });

  /** @returns what it has said so far, and where it is */
  async function start(): Promise<{ said: () => string; url: string }> {
    const base = `http://127.0.0.1:${started.broker.httpPort}`;
    const options = [
      '--broker',
      base,
      '--port',
      '0',
      '--database',
      join(folder, 'stock.db'),
      '--on-hand',
      '1',
    ];
    const child = spawn('python3', [STOCK, ...options], { env: { ...process.env, NO_PROXY: '*' } });
    service = child;
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const url = await until('it serves', () => /stock at (\S+)/.exec(said)?.[1], 40_000);
    return { said: () => said, url };
  }

  async function end(): Promise<void> {
    const child = service;
    service = undefined;
    if (child?.exitCode !== null || !child.kill('SIGKILL')) return;
    await once(child, 'close');
  }

  async function of(topic: string): Promise<string[]> {
    const { items = [] } = await rest.get<Page>(`topics/${topic}/messages`);
    return items.map(({ body }) => (JSON.parse(body) as { id: string }).id);
  }

  havingCommand('python3')(
    'in Python: orders are reserved once, answered by messages, and nobody else is listened to',
    async () => {
      await place('o-1');
      const { said, url } = await start();
      await until('it is reserved', async () => (await of('stock-reserved')).length === 1);
      expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(503);
      const forged = { 'webhook-id': 'x', 'webhook-timestamp': '1', 'webhook-signature': 'v1,AAAA' };
      expect((await fetch(url, { method: 'POST', body: '{}', headers: forged })).status).toBe(401);
      await end();
      await start();
      await place('o-2');
      await until('nothing is left', async () => (await of('stock-short')).length === 1);
      expect([await of('stock-reserved'), await of('stock-short')]).toEqual([['o-1'], ['o-2']]);
      expect(said()).toContain('stock-reserved o-1');
    },
  );

  havingCommand('php')(
    'in PHP: orders are mailed once, answered by messages, and nobody else is listened to',
    async () => {
      const port = await freePort();
      const address = `http://127.0.0.1:${port}/`;
      const spool = join(folder, 'spool');
      const BROKER = `http://127.0.0.1:${started.broker.httpPort}`;
      const env = {
        ...process.env,
        BROKER,
        SPOOL: spool,
        SECRET: `whsec_${randomBytes(32).toString('base64')}`,
      };
      // the broker is in this process
      const tell = async (...args: string[]): Promise<{ status: number | null; said: string }> => {
        const asked = spawn('php', [MAILER, ...args], { env });
        let said = '';
        for (const stream of [asked.stdout, asked.stderr])
          stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
        const [status] = (await once(asked, 'close')) as [number | null];
        return { status, said };
      };
      const child = spawn('php', ['-S', `127.0.0.1:${port}`, MAILER], { env, stdio: 'ignore' });
      service = child;
      await until('it serves', () => fetch(address, { method: 'POST', body: '{}' }));
      expect((await fetch(address, { method: 'POST', body: '{}' })).status).toBe(401);
      const forged = { 'webhook-id': 'x', 'webhook-timestamp': '1', 'webhook-signature': 'v1,AAAA' };
      expect((await fetch(address, { method: 'POST', body: '{}', headers: forged })).status).toBe(401);
      expect(await tell('mailers', 'nobody', address)).toMatchObject({
        status: 1,
        said: expect.stringContaining('topic[nobody] not exist'),
      });
      await rest.post('topics/order-placed/messages', { body: { id: 'o-1', customer: 'ada@shop.example' } });
      expect(await tell('mailers', 'order-placed', address)).toEqual({
        status: 0,
        said: `order-placed is pushed to ${address}\n`,
      });
      const sent = await until('it is mailed', async () => {
        const { items = [] } = await rest.get<Page>('topics/mail-sent/messages');
        return items.length > 0 && items;
      });
      expect(sent.map(({ body }) => body)).toEqual(['{"order":"o-1"}']);
      const mails = await readdir(spool);
      expect(mails).toHaveLength(1);
      expect(await readFile(join(spool, mails[0]!), 'utf8')).toMatch(/^To: ada@shop.example\n/);
    },
  );
});
