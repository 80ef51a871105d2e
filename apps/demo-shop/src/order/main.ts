import { startService } from '../service/start.js';
import { AddTallies1764200000000, CreateOrders1764100000000 } from './migrations.js';
import { Order } from './order.entity.js';
import { openOrder } from './order.module.js';

await startService({
  name: 'order',
  entities: [Order],
  migrations: [CreateOrders1764100000000, AddTallies1764200000000],
  open: openOrder,
});
