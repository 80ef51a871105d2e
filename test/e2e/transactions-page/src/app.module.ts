import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { HalfmqModule, type HalfmqModuleOptions } from '@halfmq/transaction/nest';
import { Order, Orders, Stock } from './orders.js';

export const DATABASE_URL =
  process.env.DATABASE_URL ?? 'postgres://postgres:postgres@127.0.0.1:5432/postgres';

@Module({})
export class AppModule {
  static on(halfmq: HalfmqModuleOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        TypeOrmModule.forRoot({
          type: 'postgres',
          url: DATABASE_URL,
          entities: [Order, Stock],
          synchronize: true,
        }),
        HalfmqModule.forRoot({ ...halfmq, group: 'shop' }), // finds the DataSource by itself
      ],
      providers: [Orders],
    };
  }
}
