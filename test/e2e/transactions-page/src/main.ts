import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { AppModule } from './app.module.js';
import { Orders, Stock } from './orders.js';

const nameServers = process.env.NAME_SERVERS ?? '127.0.0.1:9876';
const app = await NestFactory.createApplicationContext(AppModule.on({ nameServers }));
app.enableShutdownHooks(); // SIGTERM: handlers and transactions under way end first

await app.get(DataSource).manager.upsert(Stock, { sku: 'tea', onHand: 10 }, ['sku']);
const order = await app.get(Orders).place('tea');
Logger.log(`placed ${order.id}`);
