import type { Clock } from '@halfmq/transaction';
import type { EntityManager } from 'typeorm';
import {
  type OrderCancelledBody,
  type OrderConfirmedBody,
  PaymentCaptured,
  PaymentDeclined,
} from '../events.js';
import type { Change } from '../service/change.js';
import { Payment, type PaymentState } from './payment.entity.js';
import type { ChargePlan } from './provider.js';

/** What happens to money. */
export class Till {
  constructor(private readonly clock: Clock) {}

  /** The provider has answered. It may say the same again; only the first time counts. */
  async settle(change: Change, order: OrderConfirmedBody, outcome: ChargePlan['outcome']): Promise<void> {
    const { orderId } = order;
    if (!(await change.firstTime(`charge ${orderId}`))) return;
    await lockOrder(change.manager, orderId);
    if (outcome === 'declined') {
      await this.write(change.manager, order, 'declined');
      change.effect(orderId, 'declined');
      change.send(PaymentDeclined, { orderId });
    } else if (await change.manager.existsBy(Payment, { orderId, state: 'void' })) {
      await this.write(change.manager, order, 'refunded');
      change.effect(orderId, 'refunded: cancelled meanwhile');
    } else {
      await this.write(change.manager, order, 'captured');
      change.effect(orderId, 'captured');
      change.send(PaymentCaptured, { orderId });
    }
  }

  /** The order is cancelled: what was captured goes back, what was not asked for yet never will be. */
  async giveBack({ manager, effect }: Change, order: OrderCancelledBody): Promise<void> {
    const { orderId } = order;
    await lockOrder(manager, orderId);
    const updatedAt = new Date(this.clock.now());
    const refund = await manager.update(
      Payment,
      { orderId, state: 'captured' },
      { state: 'refunded', updatedAt },
    );
    if ((refund.affected ?? 0) > 0) effect(orderId, 'refunded');
    else if (!(await manager.existsBy(Payment, { orderId }))) {
      await this.write(manager, order, 'void');
      effect(orderId, 'closed');
    }
  }

  private async write(manager: EntityManager, order: OrderConfirmedBody, state: PaymentState): Promise<void> {
    const { orderId, amount } = order;
    const placedAt = new Date(order.placedAt);
    await manager.insert(Payment, {
      orderId,
      amount,
      state,
      placedAt,
      updatedAt: new Date(this.clock.now()),
    });
  }
}

/** Steps about one order follow one another, also while it has no row here. */
async function lockOrder(manager: EntityManager, orderId: string): Promise<void> {
  await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [orderId]);
}
