import { startService } from '../service/start.js';
import { CreateStock1764100000001 } from './migrations.js';
import { Reservation, Shelf } from './stock.entities.js';
import { openStock } from './stock.module.js';

await startService({
  name: 'stock',
  entities: [Shelf, Reservation],
  migrations: [CreateStock1764100000001],
  open: openStock,
});
