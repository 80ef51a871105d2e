import type { Order } from './order.entity.js';

/** An order as the API shows it. */
export function shown({ id, ...order }: Order): object {
  return { orderId: id, ...order };
}
