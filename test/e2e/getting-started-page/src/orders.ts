import { Injectable, Logger } from '@nestjs/common';
import { MessageHandler, Payload, topic, Transactions, Tx } from '@halfmq/transaction/nest';
import { Column, Entity, EntityManager, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

@Entity()
export class Order {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() sku!: string;
}

@Entity()
export class Stock {
  @PrimaryColumn() sku!: string;
  @Column('int') onHand!: number;
}

type Placed = { orderId: string; sku: string };
export const OrderPlaced = topic<Placed>('order-placed', { key: (placed) => placed.orderId });

@Injectable()
export class Orders {
  private readonly log = new Logger('Orders');

  constructor(private readonly transactions: Transactions) {}

  place(sku: string): Promise<Order> {
    return this.transactions.run(async (manager, send) => {
      const order = await manager.save(Order, { sku });
      send(OrderPlaced, { orderId: order.id, sku }); // visible if, and only if, the row is committed
      return order;
    });
  }

  @MessageHandler(OrderPlaced, { group: 'stock', dedupe: 'transaction' }) // a second delivery changes nothing
  async reserve(@Payload() placed: Placed, @Tx() manager: EntityManager): Promise<void> {
    await manager.decrement(Stock, { sku: placed.sku }, 'onHand', 1);
    this.log.log(`reserved ${placed.sku} for ${placed.orderId}`);
  }
}
