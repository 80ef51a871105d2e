import { randomUUID } from 'node:crypto';
import { type Clock, parseDuration } from '@halfmq/transaction';
import { In } from 'typeorm';
import { findProduct } from '../catalogue.js';
import { OrderCancelled, OrderConfirmed, OrderExpiry, OrderPaid, OrderPlaced } from '../events.js';
import type { Change } from '../service/change.js';
import { Order, type OrderState } from './order.entity.js';
import type { PlaceOrder } from './place-order.dto.js';

export class UnknownProduct extends Error {
  override readonly name = 'UnknownProduct';
}

/** What happens to orders. Every method is one step: it changes rows and announces it, or does neither. */
export class OrderBook {
  constructor(
    private readonly clock: Clock,
    private readonly expiry: string,
  ) {}

  /** @throws UnknownProduct */
  async place({ manager, send, effect }: Change, wish: PlaceOrder): Promise<Order> {
    const product = findProduct(wish.sku);
    if (product === undefined) throw new UnknownProduct(`There is no product "${wish.sku}".`);
    const now = this.clock.now();
    const order = await manager.save(
      manager.create(Order, {
        id: randomUUID(),
        customer: wish.customer,
        sku: wish.sku,
        quantity: wish.quantity,
        total: product.price * wish.quantity,
        couponId: wish.couponId ?? null,
        useBalance: wish.useBalance ?? false,
        state: 'unconfirmed',
        note: null,
        placedAt: new Date(now),
        expiresAt: new Date(now + parseDuration(this.expiry)),
        updatedAt: new Date(now),
      }),
    );
    effect(order.id, 'placed');
    send(OrderPlaced, {
      orderId: order.id,
      sku: order.sku,
      quantity: order.quantity,
      placedAt: order.placedAt.toISOString(),
    });
    send(OrderExpiry, { orderId: order.id }, { delay: this.expiry });
    return order;
  }

  async confirm(change: Change, orderId: string): Promise<void> {
    const order = await this.move(change, orderId, ['unconfirmed'], 'confirmed');
    if (order === undefined) return;
    change.send(OrderConfirmed, { orderId, amount: order.total, placedAt: order.placedAt.toISOString() });
  }

  async pay(change: Change, orderId: string): Promise<void> {
    const order = await this.move(change, orderId, ['confirmed'], 'paid');
    // Cancelled meanwhile: payment hears of that too, and gives the money back.
    if (order !== undefined) change.send(OrderPaid, { orderId, placedAt: order.placedAt.toISOString() });
  }

  async ship(change: Change, orderId: string): Promise<void> {
    await this.move(change, orderId, ['paid'], 'shipped');
  }

  /** Not the end of it: until the order expires, its customer might pay in another way. */
  async noteDecline({ manager, effect }: Change, orderId: string): Promise<void> {
    const note = 'payment declined';
    const { affected } = await manager.update(Order, { id: orderId, state: 'confirmed' }, { note });
    if (affected === 1) effect(orderId, 'still unpaid');
  }

  async cancel(change: Change, orderId: string, reason: string): Promise<void> {
    const order = await this.move(change, orderId, ['unconfirmed', 'confirmed'], 'cancelled', reason);
    if (order === undefined) return;
    change.send(OrderCancelled, {
      orderId,
      sku: order.sku,
      quantity: order.quantity,
      amount: order.total,
      placedAt: order.placedAt.toISOString(),
    });
  }

  /**
   * Moves the order on, unless it has gone another way already. An order that is there already moves again: telling
   * repeated messages apart is the inbox's work, and plain mode shows what happens without one.
   */
  private async move(
    { manager, effect }: Change,
    orderId: string,
    from: readonly OrderState[],
    to: OrderState,
    note?: string,
  ): Promise<Order | undefined> {
    const movable = { id: orderId, state: In([...from, to]) };
    const set = { state: to, updatedAt: new Date(this.clock.now()), ...(note === undefined ? {} : { note }) };
    const { affected } = await manager.update(Order, movable, set);
    if (affected !== 1) return undefined;
    effect(orderId, note === undefined ? to : `${to}: ${note}`);
    return manager.findOneByOrFail(Order, { id: orderId });
  }
}
