import { fileURLToPath } from 'node:url';
import {
  type DynamicModule,
  type INestApplicationContext,
  Module,
  type Provider,
  ValidationPipe,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { TypeOrmModule } from '@nestjs/typeorm';
import { systemClock } from '@halfmq/transaction';
import { DataSource } from 'typeorm';
import { Board } from '../board/board.js';
import { ReadOnlyDatabases } from '../board/databases.js';
import { Journeys } from '../board/journey.js';
import { Parcels } from '../board/parcels.js';
import { ServiceModule, type ServiceParts } from '../service/service.module.js';
import { serviceLogger } from '../service/start.js';
import { SupervisorLine } from '../service/supervisor-line.js';
import { BoardController } from './board.controller.js';
import { ChaosController } from './chaos.controller.js';
import { Count } from './count.js';
import { Live } from './live.js';
import { OrderBook } from './order-book.js';
import { Order } from './order.entity.js';
import { OrderHandlers } from './order.handlers.js';
import { OrdersController } from './orders.controller.js';
import { ProblemFilter } from './problem.filter.js';
import { Tally } from './tally.js';

const PAGE = fileURLToPath(new URL('../../web', import.meta.url));

@Module({})
export class OrderModule {
  static of(parts: ServiceParts): DynamicModule {
    return {
      module: OrderModule,
      imports: [ServiceModule.of('order', parts), TypeOrmModule.forFeature([Order])],
      controllers: [OrdersController, BoardController, ChaosController],
      providers: [...boardProviders(parts), ...orderProviders(parts)],
    };
  }
}

function orderProviders({ settings }: ServiceParts): Provider[] {
  return [
    { provide: OrderBook, useValue: new OrderBook(systemClock, settings.expiry) },
    {
      provide: Count,
      useFactory: (dataSource: DataSource) => new Count(dataSource, systemClock),
      inject: [DataSource],
    },
    OrderHandlers,
  ];
}

function boardProviders({ settings }: ServiceParts): Provider[] {
  const parcels = settings.shipping === null ? undefined : new Parcels(settings.shipping);
  return [
    { provide: ReadOnlyDatabases, useFactory: () => new ReadOnlyDatabases(settings.databases) },
    {
      provide: Board,
      useFactory: (databases: ReadOnlyDatabases) =>
        new Board(databases, systemClock, settings.deadlineMs, parcels),
      inject: [ReadOnlyDatabases],
    },
    {
      provide: Journeys,
      useFactory: (databases: ReadOnlyDatabases) => new Journeys(databases, parcels),
      inject: [ReadOnlyDatabases],
    },
    {
      provide: Tally,
      useFactory: (source: DataSource, board: Board) => new Tally(source, board),
      inject: [DataSource, Board],
    },
    {
      provide: Live,
      useFactory: (
        source: DataSource,
        eyes: ReadOnlyDatabases,
        journeys: Journeys,
        board: Board,
        tally: Tally,
        line: SupervisorLine,
      ) => new Live(source, eyes, journeys, board, tally, line, systemClock, settings.brokerDoor),
      inject: [DataSource, ReadOnlyDatabases, Journeys, Board, Tally, SupervisorLine],
    },
  ];
}

export async function openOrder(parts: ServiceParts): Promise<INestApplicationContext> {
  const application = await NestFactory.create<NestExpressApplication>(OrderModule.of(parts), {
    logger: serviceLogger,
    // Pages hold their event stream open for ever.
    forceCloseConnections: true,
  });
  application.useGlobalPipes(
    new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }),
  );
  application.useGlobalFilters(new ProblemFilter());
  application.useStaticAssets(PAGE);
  application.disable('x-powered-by');
  await application.listen(parts.settings.port, parts.settings.host);
  return application;
}
