import { type DynamicModule, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { systemClock } from '@halfmq/transaction';
import { ServiceModule, type ServiceParts } from '../service/service.module.js';
import { serviceLogger } from '../service/start.js';
import { Shelves } from './shelves.js';
import { StockHandlers } from './stock.handlers.js';

@Module({})
export class StockModule {
  static of(parts: ServiceParts): DynamicModule {
    return {
      module: StockModule,
      imports: [ServiceModule.of('stock', parts)],
      providers: [{ provide: Shelves, useValue: new Shelves(systemClock) }, StockHandlers],
    };
  }
}

export function openStock(parts: ServiceParts): Promise<INestApplicationContext> {
  return NestFactory.createApplicationContext(StockModule.of(parts), { logger: serviceLogger });
}
