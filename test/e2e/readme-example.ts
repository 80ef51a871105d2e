/** The example of README.md, made complete; the test beside it holds the middle part and README together. */
import { Injectable } from '@nestjs/common';
import { MessageHandler, Payload, topic, Transactions, Tx } from '@halfmq/transaction/nest';
import { Column, Entity, EntityManager, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

@Entity()
export class OrderRow {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() sku!: string;
}

@Entity()
export class Stock {
  @PrimaryColumn() sku!: string;
  @Column('int') onHand!: number;
}

// README begins
export const OrderPlaced = topic<{ orderId: string; sku: string }>('shop-order-placed', { key: (m) => m.orderId });

@Injectable()
export class Orders {
  constructor(private readonly transactions: Transactions) {}

  place(sku: string) {
    return this.transactions.run(async (manager, send) => {
      const order = await manager.save(OrderRow, { sku });
      send(OrderPlaced, { orderId: order.id, sku }); // visible if, and only if, the row is committed
      return order;
    });
  }

  @MessageHandler(OrderPlaced, { group: 'stock', dedupe: 'transaction' }) // the inbox row commits with your writes
  async reserve(@Payload() order: { orderId: string; sku: string }, @Tx() manager: EntityManager) {
    await manager.decrement(Stock, { sku: order.sku }, 'onHand', 1);
  }
}
// README ends
