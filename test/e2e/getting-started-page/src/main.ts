import 'reflect-metadata';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { HalfmqModule } from '@halfmq/transaction/nest';
import Database from 'libsql';
import { DataSource } from 'typeorm';
import { Order, Orders, Stock } from './orders.js';

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      driver: Database,
      database: 'shop.sqlite',
      entities: [Order, Stock],
      synchronize: true,
    }),
    HalfmqModule.forRoot({ nameServers: process.env.NAME_SERVERS ?? '127.0.0.1:9876', group: 'shop' }),
  ],
  providers: [Orders],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule);
app.enableShutdownHooks(); // SIGINT, SIGTERM: handlers and transactions under way end first

await app.get(DataSource).manager.upsert(Stock, { sku: 'tea', onHand: 10 }, ['sku']);
const order = await app.get(Orders).place('tea');
Logger.log(`placed ${order.id}`);
