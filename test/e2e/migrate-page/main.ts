import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { HalfmqServer } from '@halfmq/transaction/microservice';
import { AppModule } from './app.module.js';

const app = await NestFactory.createMicroservice(AppModule, {
  strategy: new HalfmqServer({
    nameServers: process.env['NAME_SERVERS'] ?? '127.0.0.1:9876',
    group: 'orders',
  }),
});
app.enableShutdownHooks();
await app.listen();
