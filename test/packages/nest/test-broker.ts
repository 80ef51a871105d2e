/** With whatever Nest is installed: a broker of its own, a handler made for each message, a question and its answer. */
import 'reflect-metadata';
import { Controller, Inject, Injectable, Module, Scope } from '@nestjs/common';
import { NestFactory, REQUEST } from '@nestjs/core';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { HalfmqClient, HalfmqServer } from '@halfmq/transaction/microservice';
import { HalfmqModule, MessageHandler, Messages, topic } from '@halfmq/transaction/nest';
import { createTestBroker } from '@halfmq/testing';
import { firstValueFrom } from 'rxjs';

const OrderPlaced = topic<{ sku: string }>('shop-order-placed');
const reserved: string[] = [];

@Injectable({ scope: Scope.REQUEST })
class Stock {
  constructor(@Inject(REQUEST) private readonly request: { getPattern(): string }) {}

  @MessageHandler(OrderPlaced, { group: 'stock' })
  reserve(@Payload() order: { sku: string }): void {
    reserved.push(`${this.request.getPattern()} ${order.sku}`);
  }
}

@Controller()
class Prices {
  @MessagePattern('price')
  price(@Payload() sku: string): string {
    return `${sku}: 3`;
  }
}

class Shop {}

@Module({ controllers: [Prices] })
class Pricing {}

/** A function: a CommonJS module cannot wait at its top. */
async function main(): Promise<void> {
  await using broker = await createTestBroker({ hostile: false });
  const { clientOptions } = broker;
  const imports = [HalfmqModule.forRoot({ ...clientOptions, group: 'shop' })];
  const shop = { module: Shop, imports, providers: [Stock] };
  const app = broker.use(await NestFactory.createApplicationContext(shop, { logger: false }));
  await app.get(Messages).send(OrderPlaced, { sku: 'tea' });
  const strategy = new HalfmqServer({ ...clientOptions, group: 'pricing' });
  const pricing = broker.use(await NestFactory.createMicroservice(Pricing, { strategy, logger: false }));
  await pricing.listen();
  const client = new HalfmqClient({ ...clientOptions, group: 'asking' });
  const price: unknown = await firstValueFrom(client.send('price', 'tea'));
  await broker.settle();
  await client.close();
  if (price !== 'tea: 3' || reserved.join() !== 'shop-order-placed tea')
    throw new Error(`answered ${String(price)}, reserved ${reserved.join()}`);
}

void main();
