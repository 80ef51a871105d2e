import { type DynamicModule, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { systemClock } from '@halfmq/transaction';
import { ServiceModule, type ServiceParts } from '../service/service.module.js';
import { serviceLogger } from '../service/start.js';
import { PaymentHandlers } from './payment.handlers.js';
import { FakeProvider } from './provider.js';
import { Till } from './till.js';

@Module({})
export class PaymentModule {
  static of(parts: ServiceParts): DynamicModule {
    return {
      module: PaymentModule,
      imports: [ServiceModule.of('payment', parts)],
      providers: [
        { provide: Till, useValue: new Till(systemClock) },
        { provide: FakeProvider, useValue: new FakeProvider(parts.settings.provider, systemClock) },
        PaymentHandlers,
      ],
    };
  }
}

export function openPayment(parts: ServiceParts): Promise<INestApplicationContext> {
  return NestFactory.createApplicationContext(PaymentModule.of(parts), { logger: serviceLogger });
}
