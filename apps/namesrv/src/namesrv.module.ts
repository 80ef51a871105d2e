import { Module, type DynamicModule } from '@nestjs/common';
import type { Clock, Log } from '@halfmq/remoting';
import type { NamesrvConfig } from './config/settings.js';
import { KvConfig } from './kv.js';
import { KvHandlers } from './kv.handlers.js';
import { Liveness } from './liveness.js';
import { Registration } from './registration.js';
import { RegistrationHandlers } from './registration.handlers.js';
import { RouteBook } from './route-book.js';
import { RouteTable } from './route-table.js';
import { RoutesHandlers } from './routes.handlers.js';

export interface Surroundings {
  readonly config: NamesrvConfig;
  readonly clock: Clock;
  readonly log: Log;
}

/** The rooms and who needs whom. Nothing is shared between two name servers of one process. */
@Module({})
export class NamesrvModule {
  /** @throws Error naming kvConfigPath when it is no key-value table */
  static of({ config, clock, log }: Surroundings): {
    readonly module: DynamicModule;
    readonly liveness: Liveness;
    readonly kv: KvConfig;
  } {
    const routes = new RouteTable();
    const kv = new KvConfig(config.kvConfigPath === '' ? undefined : config.kvConfigPath);
    const liveness = new Liveness(clock, log, config.scanNotActiveBrokerInterval, (gone) =>
      routes.unregister(gone),
    );
    const module: DynamicModule = {
      module: NamesrvModule,
      controllers: [RegistrationHandlers, RoutesHandlers, KvHandlers],
      providers: [
        { provide: KvConfig, useValue: kv },
        { provide: RouteBook, useValue: new RouteBook(config, routes, kv, clock) },
        { provide: Registration, useValue: new Registration(config, routes, liveness, kv, log) },
      ],
    };
    return { module, liveness, kv };
  }
}
