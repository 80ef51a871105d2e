import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { type ClientProxy, ClientProxyFactory, Transport } from '@nestjs/microservices';
import { silentLog } from '@halfmq/transaction';
import { HalfmqClient } from '@halfmq/transaction/microservice';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { strangers } from '../kit/docs-page.js';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { NestServices } from '../kit/nest-services.js';
import { freePort } from '../kit/ports.js';
import { keepOutput } from '../kit/tied-process.js';
import { until } from '../kit/until.js';
import { remind, Reminders, seen } from './migrate-page/more.js';

describe('docs/migrate.md', () => {
  it('shows programs that are compiled and run: a Java one by test/compat', () => {
    expect(strangers('docs/migrate.md', 'test/e2e/migrate-page')).toEqual([]);
    expect(strangers('docs/migrate.md', 'test/compat/java/moved', ['java'])).toEqual([]);
  });
});

describe('a Nest service with @EventPattern and @MessagePattern', () => {
  const children: ChildProcess[] = [];
  let cluster: InProcessCluster;
  beforeEach(async () => {
    cluster = await InProcessCluster.start();
    await cluster.startBroker('broker-a');
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await cluster?.close();
  });

  function start(main: string, env: Record<string, string>): { child: ChildProcess; said: () => string } {
    const path = fileURLToPath(new URL(`../dist/e2e/migrate-page/${main}.js`, import.meta.url));
    const child = spawn(process.execPath, [path], { env: { ...process.env, ...env } });
    children.push(child);
    return { child, said: keepOutput(child) };
  }

  /** The same questions, whatever carries them. */
  async function tryOut(client: ClientProxy, said: () => string): Promise<void> {
    expect(await firstValueFrom(client.send({ cmd: 'price' }, 'tea'))).toBe(450);
    await lastValueFrom(client.emit('order.placed', { id: 'o-1', sku: 'tea' }), { defaultValue: null });
    await until('the event was handled', () => said().includes('reserved tea for o-1'));
  }

  async function ends({ child, said }: ReturnType<typeof start>): Promise<void> {
    child.kill('SIGTERM');
    await until(`it ends by itself: ${said()}`, () => child.exitCode ?? child.signalCode);
  }

  it('answers the same by its old main.ts and by the new one, nothing else changed', async () => {
    const port = await freePort();
    const [before, after] = [
      start('main.before', { PORT: String(port) }),
      start('main', { NAME_SERVERS: cluster.nameServers }),
    ];
    for (const { said } of [before, after])
      await until('it listens', () => said().includes('successfully started'));
    const tcp = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
    await tryOut(tcp, before.said);
    await tcp.close();
    const client = new HalfmqClient({ nameServers: cluster.nameServers, log: silentLog, timeout: '20s' });
    await tryOut(client, after.said);
    await client.close();
    // the module reads its variables when it is loaded
    process.env['NAME_SERVERS'] = cluster.nameServers;
    const { ShopModule } = await import('./migrate-page/client.js');
    const shop = await NestFactory.createApplicationContext(ShopModule, { logger: false });
    const orders = shop.get<ClientProxy>('ORDERS');
    await lastValueFrom(orders.emit('order.placed', { id: 'o-2', sku: 'jam' }));
    await until('the event was handled', () => after.said().includes('reserved jam for o-2'));
    await shop.close();
    await Promise.all([ends(before), ends(after)]);
  }, 60_000);
});

describe('what a Nest service can do beside', () => {
  it('keys and a delay by HalfmqRecord, a wish by RpcException', async () => {
    const services = await NestServices.begin();
    const { broker } = services;
    try {
      await services.start({ controllers: [Reminders] });
      await lastValueFrom(remind(services.client, { id: 'o-3', sku: 'tea' }));
      await broker.advance('14m');
      expect(seen).toEqual([]);
      await broker.advance('2m');
      expect(seen).toEqual(['o-3 o-3']);
    } finally {
      await broker.close();
    }
  });
});
