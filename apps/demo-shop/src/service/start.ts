import 'reflect-metadata';
import { ConsoleLogger, type INestApplicationContext, type Type } from '@nestjs/common';
import { systemClock } from '@halfmq/transaction';
import type { DataSourceOptions } from 'typeorm';
import type { ServiceName } from '../supervisor/messages.js';
import { CrashPoints } from './crash-points.js';
import { Effect } from './effect.entity.js';
import { migrate } from './migrate.js';
import { RoughDelivery } from './rough-delivery.js';
import type { ServiceParts } from './service.module.js';
import { readServiceSettings, SupervisorLine } from './supervisor-line.js';

const POOL_SIZE = 10;

export interface ServiceDefinition {
  readonly name: ServiceName;
  readonly entities: readonly Type[];
  readonly migrations: readonly Type[];
  /** Builds the application and lets it listen where it has something to listen on. */
  readonly open: (parts: ServiceParts) => Promise<INestApplicationContext>;
}

export const serviceLogger = new ConsoleLogger({ colors: false, logLevels: ['warn', 'error', 'log'] });

/** The life of a service process: settings, database, application, ready; SIGTERM drains. */
export async function startService(definition: ServiceDefinition): Promise<void> {
  const settings = readServiceSettings();
  const crash = new CrashPoints();
  const delivery = new RoughDelivery(settings.delivery, systemClock);
  const line = new SupervisorLine(settings.mode, {
    arm: (at, victim) => crash.arm(at, victim),
    deliver: (habits) => void (delivery.habits = habits),
  });
  line.listen();
  crash.listen();
  const database: DataSourceOptions = {
    type: 'postgres',
    url: settings.databases[definition.name],
    entities: [...definition.entities, Effect],
    migrations: [...definition.migrations],
    synchronize: false,
    extra: { max: POOL_SIZE },
  };
  await migrate(database);
  const application = await definition.open({ settings, database, line, crash, delivery });
  application.enableShutdownHooks(['SIGTERM']);
  line.ready();
}
