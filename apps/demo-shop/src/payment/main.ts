import { startService } from '../service/start.js';
import { CreatePayments1764100000002 } from './migrations.js';
import { Payment } from './payment.entity.js';
import { openPayment } from './payment.module.js';

await startService({
  name: 'payment',
  entities: [Payment],
  migrations: [CreatePayments1764100000002],
  open: openPayment,
});
