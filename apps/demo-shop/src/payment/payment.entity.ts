import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/**
 *   captured ──order cancelled──▶ refunded
 *
 * `declined`: the provider said no. `void`: the order was cancelled before its money was asked for.
 */
export type PaymentState = 'captured' | 'declined' | 'refunded' | 'void';

@Entity('payments')
export class Payment {
  @PrimaryGeneratedColumn({ type: 'bigint' })
  id!: string;

  @Column({ name: 'order_id', type: 'uuid' })
  orderId!: string;

  /** Cents. */
  @Column({ type: 'int' })
  amount!: number;

  @Column({ type: 'text' })
  state!: PaymentState;

  @Column({ name: 'placed_at', type: 'timestamptz' })
  placedAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;
}
