import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { type Clock, type Log, systemClock } from '@halfmq/remoting';
import { HalfmqClient } from '../client.js';
import { BodyChecks } from './body-checks.js';
import { ClientConnection } from './connection.js';
import { Explorer } from './explorer.js';
import { HalfmqHealth } from './health.js';
import { Messages } from './messages.js';
import { nestLog } from './nest-log.js';
import {
  type HalfmqModuleAsyncOptions,
  type HalfmqModuleOptions,
  MODULE_OPTIONS,
  NEST_START_TIMEOUT_MS,
} from './options.js';
import { CLOCK, HalfmqRuntime, LOG } from './runtime.js';
import { Transactions, TransactionsOn } from './transactions.js';

/**
 * HalfMQ in a Nest application, once, global: `Transactions`, `Messages` and `HalfmqClient` can be injected anywhere,
 * `@MessageHandler` and `@TransactionListener` work on any provider or controller. `app.enableShutdownHooks()` lets a
 * signal drain it.
 */
@Module({})
export class HalfmqModule {
  static forRoot(options: HalfmqModuleOptions): DynamicModule {
    return moduleOf({ provide: MODULE_OPTIONS, useValue: options }, []);
  }

  static forRootAsync(options: HalfmqModuleAsyncOptions): DynamicModule {
    const { inject = [], useFactory, imports = [] } = options;
    return moduleOf({ provide: MODULE_OPTIONS, inject, useFactory }, imports);
  }
}

function moduleOf(options: Provider, imports: HalfmqModuleAsyncOptions['imports'] = []): DynamicModule {
  return {
    module: HalfmqModule,
    global: true,
    imports: [DiscoveryModule, ...imports],
    providers: [options, ...PROVIDERS],
    exports: [Transactions, TransactionsOn, Messages, HalfmqClient, HalfmqHealth],
  };
}

const PROVIDERS: Provider[] = [
  {
    provide: CLOCK,
    inject: [MODULE_OPTIONS],
    useFactory: ({ clock }: HalfmqModuleOptions) => clock ?? systemClock,
  },
  { provide: LOG, inject: [MODULE_OPTIONS], useFactory: ({ log }: HalfmqModuleOptions) => log ?? nestLog() },
  { provide: BodyChecks, useFactory: () => BodyChecks.load() },
  {
    provide: HalfmqClient,
    inject: [MODULE_OPTIONS, CLOCK, LOG],
    useFactory: (options: HalfmqModuleOptions, clock: Clock, log: Log) =>
      new HalfmqClient({ ...options, clock, log, startTimeoutMs: NEST_START_TIMEOUT_MS }),
  },
  {
    provide: ClientConnection,
    inject: [HalfmqClient, CLOCK, LOG],
    useFactory: (client: HalfmqClient, clock: Clock, log: Log) => new ClientConnection(client, clock, log),
  },
  {
    provide: Messages,
    inject: [MODULE_OPTIONS, HalfmqClient, BodyChecks, ClientConnection, LOG],
    useFactory: (
      { group }: HalfmqModuleOptions,
      client: HalfmqClient,
      checks: BodyChecks,
      connection: ClientConnection,
      log: Log,
    ) => new Messages(client.producer({ group }), checks, () => connection.mustBeConnected(), log),
  },
  Transactions,
  { provide: TransactionsOn, useExisting: Transactions },
  Explorer,
  HalfmqRuntime,
  HalfmqHealth,
];
