import { Injectable, Logger } from '@nestjs/common';
import {
  Compensable,
  type ListenedMessage,
  type LocalTransaction,
  MessageHandler,
  Messages,
  Payload,
  topic,
  TransactionListener,
  TransactionOutcomeUnknown,
  Transactions,
  Tx,
  VerdictConflict,
} from '@halfmq/transaction/nest';
import { EntityManager, MoreThan } from 'typeorm';
import { Order, OrderPlaced, Stock, type Placed } from './orders.js';

export const OrderExpiry = topic<{ orderId: string }>('shop-order-expiry', { key: (order) => order.orderId });
export const Gifts = topic<Placed>('shop-gifts', { orderingKey: (gift) => gift.sku });

@Injectable()
export class Checkout {
  private readonly log = new Logger(Checkout.name);

  constructor(private readonly transactions: Transactions) {}

  placeWithGift(sku: string): Promise<Order> {
    const { transactions } = this;
    // #region
    return transactions.run(
      async (manager, send) => {
        const order = await manager.save(Order, { sku });
        send(OrderPlaced, { orderId: order.id, sku });
        send(OrderExpiry, { orderId: order.id }, { delay: '15m' }); // counted from the commit
        try {
          await transactions.run(async (inner, sendInner) => {
            const { affected } = await inner.decrement(
              Stock,
              { sku: 'ribbon', onHand: MoreThan(0) },
              'onHand',
              1,
            );
            if (affected === 0) throw new Error('no ribbon is left');
            sendInner(Gifts, { orderId: order.id, sku: 'ribbon' });
          });
        } catch {
          // no gift then: the savepoint is rolled back, and its message with it
        }
        return order;
      },
      { isolation: 'SERIALIZABLE', attempts: 3 },
    );
    // #endregion
  }

  placeAnyway(sku: string): Promise<Order> {
    // #region
    return this.transactions.run(
      async (manager, send) => {
        const order = await manager.save(Order, { sku });
        send(OrderPlaced, { orderId: order.id, sku });
        return order;
      },
      { whenUnreachable: 'outbox' }, // or for all of them: HalfmqModule.forRoot({ whenUnreachable: 'outbox' })
    );
    // #endregion
  }

  async placeCarefully(sku: string): Promise<Order | undefined> {
    // #region
    try {
      return await this.placeWithGift(sku);
    } catch (error) {
      if (error instanceof TransactionOutcomeUnknown) {
        // Committed or not: the messages will agree with it. Look into the database before trying again.
        this.log.warn(`order in doubt: ${error.transactionId}`);
        return undefined;
      }
      if (error instanceof VerdictConflict) {
        // Committed, but the messages had been rolled back before: send them again if they are still true.
        this.log.error(`${error.message} Decided by ${error.decided.by}.`);
      }
      throw error; // everything else: nothing has happened
    }
    // #endregion
  }
}

// #region
export const Wanted = topic<Placed>('shop-reservation-wanted');
export const Cancelled = topic<Placed>('shop-reservation-cancelled');

@Injectable()
export class Reservations {
  @MessageHandler(Wanted, { group: 'reservations', dedupe: 'transaction' })
  @Compensable({ name: 'reservation', step: 'try', id: (placed: Placed) => placed.orderId })
  async reserve(@Payload() { sku }: Placed, @Tx() manager: EntityManager): Promise<void> {
    await manager.decrement(Stock, { sku }, 'onHand', 1);
  }

  @MessageHandler(Cancelled, { group: 'reservations', dedupe: 'transaction' })
  @Compensable({ name: 'reservation', step: 'cancel', id: (placed: Placed) => placed.orderId })
  async release(@Payload() { sku }: Placed, @Tx() manager: EntityManager): Promise<void> {
    await manager.increment(Stock, { sku }, 'onHand', 1);
  }
}
// #endregion

// #region
export const Refund = topic<{ paymentId: string }>('shop-refund');

@Injectable()
@TransactionListener({ group: 'refunds', topic: Refund })
export class Refunds implements LocalTransaction<{ paymentId: string }> {
  private readonly done = new Set<string>(); // in life: an API that is not your database

  execute({ body }: ListenedMessage<{ paymentId: string }>): 'commit' {
    this.done.add(body.paymentId);
    return 'commit'; // or 'rollback', or 'unknown': check will be asked
  }

  check({ body }: ListenedMessage<{ paymentId: string }>): 'commit' | 'unknown' {
    return this.done.has(body.paymentId) ? 'commit' : 'unknown';
  }
}
// #endregion

@Injectable()
export class Desk {
  constructor(private readonly messages: Messages) {}

  async refund(paymentId: string): Promise<void> {
    // #region
    await this.messages.sendInTransaction(Refund, { paymentId });
    // #endregion
  }
}
