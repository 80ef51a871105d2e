import { Module } from '@nestjs/common';
// #region
import { ClientsModule } from '@nestjs/microservices';
import { HalfmqClient } from '@halfmq/transaction/microservice';

const nameServers = process.env['NAME_SERVERS'] ?? '127.0.0.1:9876';

@Module({
  imports: [
    ClientsModule.register([{ name: 'ORDERS', customClass: HalfmqClient, options: { nameServers } }]),
  ],
})
export class ShopModule {}
// #endregion
