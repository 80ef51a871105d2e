import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { HalfmqModule } from '@halfmq/transaction/nest';
import type { DataSourceOptions } from 'typeorm';
import type { ServiceSettings } from '../supervisor/messages.js';
import { CrashPoints } from './crash-points.js';
import type { RoughDelivery } from './rough-delivery.js';
import { SupervisorLine } from './supervisor-line.js';
import { Work } from './work.js';

export interface ServiceParts {
  readonly settings: ServiceSettings;
  readonly database: DataSourceOptions;
  readonly line: SupervisorLine;
  readonly crash: CrashPoints;
  readonly delivery: RoughDelivery;
}

/** What every service stands on: its own database, the broker, and the two ways of working. */
@Module({})
export class ServiceModule {
  static of(name: string, { settings, database, line, crash, delivery }: ServiceParts): DynamicModule {
    return {
      module: ServiceModule,
      imports: [
        TypeOrmModule.forRoot({ ...database, retryAttempts: 3, retryDelay: 300 }),
        HalfmqModule.forRoot({
          nameServers: settings.nameServers,
          group: `shop-${name}`,
          handOut: delivery.handOut,
        }),
      ],
      providers: [
        { provide: SupervisorLine, useValue: line },
        { provide: CrashPoints, useValue: crash },
        Work,
      ],
      exports: [SupervisorLine, Work],
    };
  }
}
