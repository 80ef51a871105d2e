import type { Clock } from '@halfmq/transaction';
import type { EntityManager } from 'typeorm';
import {
  type OrderBody,
  type OrderCancelledBody,
  type OrderPlacedBody,
  StockRefused,
  StockReserved,
} from '../events.js';
import type { Change } from '../service/change.js';
import { Reservation, type ReservationState, Shelf } from './stock.entities.js';

/** What happens to goods. The row of a shelf is locked first, so steps about the same goods follow one another. */
export class Shelves {
  constructor(private readonly clock: Clock) {}

  async reserve({ manager, send, effect }: Change, order: OrderPlacedBody): Promise<void> {
    const { orderId, quantity } = order;
    const shelf = await this.lockShelf(manager, order.sku);
    if (await manager.existsBy(Reservation, { orderId, state: 'void' })) return;
    if (shelf === null || shelf.onHand < quantity) {
      await this.write(manager, order, 'refused');
      effect(orderId, 'refused: out of stock');
      send(StockRefused, { orderId, reason: 'out of stock' });
      return;
    }
    await this.carry(manager, order.sku, { onHand: -quantity, reserved: quantity });
    await this.write(manager, order, 'reserved');
    effect(orderId, 'reserved');
    send(StockReserved, { orderId });
  }

  async sell(change: Change, { orderId }: OrderBody): Promise<void> {
    const quantity = await this.settle(change.manager, orderId, 'sold', (units) => ({
      reserved: -units,
      sold: units,
    }));
    if (quantity > 0) change.effect(orderId, 'sold');
  }

  async release(change: Change, order: OrderCancelledBody): Promise<void> {
    const { manager, effect } = change;
    await this.lockShelf(manager, order.sku);
    const quantity = await this.settle(manager, order.orderId, 'released', (units) => ({
      reserved: -units,
      onHand: units,
    }));
    if (quantity > 0) effect(order.orderId, 'released');
    // The cancellation has overtaken the order: what has not come yet must find the door closed.
    else if (!(await manager.existsBy(Reservation, { orderId: order.orderId }))) {
      await this.write(manager, order, 'void');
      effect(order.orderId, 'closed');
    }
  }

  /** Ends every reservation the order holds, and answers how many units that was. */
  private async settle(
    manager: EntityManager,
    orderId: string,
    to: ReservationState,
    way: (units: number) => Partial<Record<'onHand' | 'reserved' | 'sold', number>>,
  ): Promise<number> {
    const held = await manager.findBy(Reservation, { orderId, state: 'reserved' });
    let units = 0;
    for (const reservation of held) {
      const updatedAt = new Date(this.clock.now());
      const still = { id: reservation.id, state: 'reserved' as const };
      const { affected } = await manager.update(Reservation, still, { state: to, updatedAt });
      if (affected !== 1) continue;
      await this.carry(manager, reservation.sku, way(reservation.quantity));
      units += reservation.quantity;
    }
    return units;
  }

  private lockShelf(manager: EntityManager, sku: string): Promise<Shelf | null> {
    return manager.findOne(Shelf, { where: { sku }, lock: { mode: 'pessimistic_write' } });
  }

  private async carry(
    manager: EntityManager,
    sku: string,
    moves: Partial<Record<'onHand' | 'reserved' | 'sold', number>>,
  ): Promise<void> {
    for (const [column, units] of Object.entries(moves))
      await manager.increment(Shelf, { sku }, column, units);
  }

  private async write(
    manager: EntityManager,
    order: OrderPlacedBody,
    state: ReservationState,
  ): Promise<void> {
    const { orderId, sku, quantity } = order;
    const placedAt = new Date(order.placedAt);
    await manager.insert(Reservation, {
      orderId,
      sku,
      quantity,
      state,
      placedAt,
      updatedAt: new Date(this.clock.now()),
    });
  }
}
