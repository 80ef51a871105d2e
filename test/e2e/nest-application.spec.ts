import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  HalfmqClient,
  HalfmqModule,
  type ListenedMessage,
  type LocalTransaction,
  MessageHandler,
  Messages,
  Payload,
  sql,
  topic,
  TransactionListener,
  Transactions,
  TransactionState,
  Tx,
} from '@halfmq/transaction/nest';
import { silentLog } from '@halfmq/transaction';
import { DataSource, EntityManager } from 'typeorm';
import { note } from '../kit/client-scenarios.js';
import { InProcessCluster } from '../kit/in-process-cluster.js';
import { NestApplications } from '../kit/nest-applications.js';
import { until } from '../kit/until.js';

const Booked = topic<{ id: number; sku: string }>('booked');

describe('a Nest application', () => {
  let apps: NestApplications;

  beforeAll(async () => {
    apps = await NestApplications.begin();
  }, 60_000);
  afterEach(() => apps?.closeAll());
  afterAll(() => apps?.end());

  it('asks listeners: their verdict now, or later by a check', async () => {
    const Wired = topic<{ n: number }>('wired');
    const Mailed = topic<{ n: number }>('mailed');
    const checked: string[] = [];
    @Injectable()
    @TransactionListener({ group: 'wires', topic: Wired })
    class Wires implements LocalTransaction<{ n: number }> {
      execute({ body }: ListenedMessage<{ n: number }>, argument: unknown): TransactionState {
        if (body.n < 0) return TransactionState.Rollback;
        return argument === 'later' ? TransactionState.Unknown : TransactionState.Commit;
      }

      check({ body, transactionId }: ListenedMessage<{ n: number }>): TransactionState {
        checked.push(`${transactionId} ${body.n}`);
        return TransactionState.Commit;
      }
    }
    @Injectable()
    @TransactionListener({ group: 'mails', topic: Mailed })
    class Mails implements LocalTransaction<{ n: number }> {
      execute = (): TransactionState => TransactionState.Commit;
      check = (): TransactionState => TransactionState.Unknown;
    }
    const app = await apps.start([Wires, Mails]);
    const wired = await note(app.get(HalfmqClient), 'wired', { group: 'wired-readers' });
    const mailed = await note(app.get(HalfmqClient), 'mailed', { group: 'mailed-readers' });
    const messages = app.get(Messages);
    expect(await messages.sendInTransaction(Wired, { n: 1 })).toBe('commit');
    expect(await messages.sendInTransaction(Wired, { n: -1 })).toBe('rollback');
    expect(await messages.sendInTransaction(Wired, { n: 2 }, { argument: 'later' })).toBe('unknown');
    expect(await messages.sendInTransaction(Mailed, { n: 3 })).toBe('commit');
    await until('the check has decided', () => wired.seen.length === 2 && mailed.seen.length === 1);
    expect(wired.seen.map((message) => message.body.toString()).sort()).toEqual(['{"n":1}', '{"n":2}']);
    expect(checked).toHaveLength(1);
  }, 40_000);

  describe('refuses to start', () => {
    it('with two handlers, or two listeners, of one group and topic', async () => {
      class First {
        @MessageHandler(Booked, { group: 'twice' })
        one(): void {}
      }
      class Second {
        @MessageHandler('booked', { group: 'twice' })
        two(): void {}
      }
      expect(await apps.refusal([First, Second])).toContain(
        'two @MessageHandler of group twice for topic booked: First.one and Second.two',
      );
      class Listener implements LocalTransaction<unknown> {
        execute = (): TransactionState => TransactionState.Commit;
        check = (): TransactionState => TransactionState.Commit;
      }
      @TransactionListener({ group: 'g', topic: Booked })
      class Here extends Listener {}
      @TransactionListener({ group: 'g', topic: Booked })
      class There extends Listener {}
      expect(await apps.refusal([Here, There])).toContain(
        'two @TransactionListener of group g for topic booked',
      );
    });

    it('with names no broker takes, before anything is connected', async () => {
      class Dotted {
        @MessageHandler('booked.it', { group: 'dotted' })
        one(): void {}
      }
      class Nameless {
        @MessageHandler(Booked, {} as { group: string })
        one(): void {}
      }
      class Barred {
        @MessageHandler(Booked, { group: 'barred', tag: 'a | b' })
        one(): void {}
      }
      expect(await apps.refusal([Dotted])).toContain('consumer dotted: topic: 1 to 127 characters');
      expect(await apps.refusal([Nameless])).toContain('Nameless.one: group: 1 to 120 characters');
      expect(await apps.refusal([Barred])).toContain('tags of booked are separated by ||, got "a | b"');
      expect(await apps.refusal([], { options: { group: 'my group' } })).toContain(
        'producer group: 1 to 120',
      );
      expect(await apps.refusal([], { options: { requestTimeoutMs: Number('3s') } })).toContain(
        'requestTimeoutMs: milliseconds from 1 on expected, got NaN',
      );
    });

    it('with a module that is there twice', async () => {
      const { nameServers } = apps.cluster;
      const imports = [HalfmqModule.forRoot({ nameServers, log: silentLog })];
      expect(await apps.refusal([], { imports })).toContain('HalfmqModule is imported twice');
    });

    it('with dedupe or @Tx() where there is no transaction', async () => {
      class Deduping {
        @MessageHandler(Booked, { group: 'd', dedupe: 'transaction' })
        handle(): void {}
      }
      expect(await apps.refusal([Deduping])).toContain(
        'there is no DataSource; import TypeOrmModule.forRoot',
      );
      class Managing {
        @MessageHandler(Booked, { group: 'm' })
        handle(@Tx() _manager: EntityManager): void {}
      }
      expect(await apps.refusal([Managing])).toContain(
        "Managing.handle has @Tx() and needs dedupe: 'transaction'",
      );
    });

    it('with a handler that wants both a tag and a selector', async () => {
      class Twofold {
        @MessageHandler('a', { group: 'twofold', tag: 'x', selector: sql('b > 1') })
        a(): void {}
      }
      expect(await apps.refusal([Twofold])).toContain('Twofold.a has both a tag and a selector');
    });

    it('with a group whose handlers want different consumers', async () => {
      class Torn {
        @MessageHandler('a', { group: 'torn', order: 'queue' })
        a(): void {}
        @MessageHandler('b', { group: 'torn', order: 'key' })
        b(): void {}
      }
      expect(await apps.refusal([Torn])).toContain('handlers of group torn disagree on order');
      expect(await apps.refusal([], { options: { concurrency: { tron: 3 } } })).toContain(
        'concurrency names the group tron',
      );
    });
  });

  it('shares a process with another application that has its own handlers and database', async () => {
    const seen: string[] = [];
    const handlers = (name: string): Provider => {
      @Injectable()
      class Handlers {
        @MessageHandler('shared', { group: `shared-${name}`, dedupe: 'transaction', from: 'first' })
        handle(@Payload() body: { n: number }): void {
          seen.push(`${name} ${body.n}`);
        }
      }
      return Handlers;
    };
    const one = await apps.start([handlers('one')], {
      imports: [await apps.database()],
      options: { group: 'app-one' },
    });
    const two = await apps.start([handlers('two')], {
      imports: [await apps.database()],
      options: { group: 'app-two' },
    });
    await one.get(Messages).send('shared', { n: 1 });
    await until('both have it', () => seen.length === 2);
    await one.close();
    await two.get(Transactions).run(async (_manager, send) => send('shared', { n: 2 }));
    await until('the other goes on', () => seen.length === 3);
    expect(seen.sort()).toEqual(['one 1', 'two 1', 'two 2']);
  }, 40_000);

  it('starts before its broker does, says why it cannot send, and heals', async () => {
    const later = await InProcessCluster.start();
    const { nameServers } = later;
    await later.close();
    const seen: unknown[] = [];
    class Handlers {
      @MessageHandler('healed', { group: 'healed', from: 'first' })
      handle(@Payload() body: unknown): void {
        seen.push(body);
      }
    }
    const app = await apps.start([Handlers], {
      options: { nameServers: `${nameServers};${apps.cluster.nameServers}` },
    });
    await app.get(Messages).send('healed', 1);
    await until('it came by the other name server', () => seen.length === 1);
    const alone = await apps.start([], { options: { nameServers } });
    await expect(alone.get(Messages).send('healed', 2)).rejects.toThrow('no name server answered');
  }, 40_000);

  it('drains when it is closed: what runs ends, and is not handled again by the next one', async () => {
    const seen: string[] = [];
    let finish: (() => void) | undefined;
    @Injectable()
    class Slow {
      @MessageHandler('slow', { group: 'slow', dedupe: 'transaction', from: 'first' })
      async handle(@Payload() body: string, @Tx() manager: EntityManager): Promise<void> {
        seen.push(`begins ${body}`);
        if (body === 'one') await new Promise<void>((resolve) => (finish = resolve));
        await manager.query('SELECT 1');
        seen.push(`ends ${body}`);
      }
    }
    const imports = [await apps.database()];
    const first = await apps.start([Slow], { imports });
    await first.get(Messages).send('slow', 'one');
    await until('it is being handled', () => finish !== undefined);
    const closed = first.close().then(() => seen.push('closed'));
    finish?.();
    await closed;
    const second = await apps.start([Slow], { imports });
    await second.get(Messages).send('slow', 'two');
    await until('the next one handles the next message', () => seen.includes('ends two'));
    expect(seen).toEqual(['begins one', 'ends one', 'closed', 'begins two', 'ends two']);
  }, 40_000);

  it('lets a transaction end that is under way when it is closed', async () => {
    const imports = [await apps.database()];
    const app = await apps.start([], { imports });
    let finish: (() => void) | undefined;
    const run = app.get(Transactions).run(async (manager, send) => {
      await new Promise<void>((resolve) => (finish = resolve));
      await manager.query('SELECT 1');
      send('nightly', 'done');
    });
    await until('it is under way', () => finish !== undefined);
    const closed = app.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    finish?.();
    await expect(run).resolves.toBeUndefined();
    await closed;
  }, 40_000);

  it('is not disturbed by values without a class', async () => {
    const bare: unknown = Object.create(null);
    const app = await apps.start([{ provide: 'settings', useValue: bare }]);
    expect(app.get('settings')).toBe(bare);
  });

  it('takes its options from a factory', async () => {
    const { nameServers } = apps.cluster;
    const halfmq = HalfmqModule.forRootAsync({
      imports: [{ module: class Settings {}, providers: [], exports: [] }],
      inject: [DataSource],
      useFactory: async (dataSource: DataSource) => ({
        nameServers,
        group: 'made',
        dataSource,
        log: silentLog,
      }),
    });
    const root = { module: class Root {}, imports: [await apps.database(), halfmq] };
    const app = await NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
    await app.get(Transactions).run(async (_manager, send) => send('made', 1));
    await app.close();
  }, 40_000);
});
