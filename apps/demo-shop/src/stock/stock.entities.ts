import { Column, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

/** A shelf: `initial = onHand + reserved + sold` at all times. */
@Entity('products')
export class Shelf {
  @PrimaryColumn({ type: 'text' })
  sku!: string;

  @Column({ type: 'int' })
  initial!: number;

  @Column({ name: 'on_hand', type: 'int' })
  onHand!: number;

  @Column({ type: 'int' })
  reserved!: number;

  @Column({ type: 'int' })
  sold!: number;
}

/**
 *   reserved ──order paid──▶ sold
 *       └──order cancelled──▶ released
 *
 * `refused`: there was not enough. `void`: the order was cancelled before its goods were asked for.
 */
export type ReservationState = 'reserved' | 'sold' | 'released' | 'refused' | 'void';

@Entity('reservations')
export class Reservation {
  @PrimaryGeneratedColumn({ type: 'bigint' })
  id!: string;

  @Column({ name: 'order_id', type: 'uuid' })
  orderId!: string;

  @Column({ type: 'text' })
  sku!: string;

  @Column({ type: 'int' })
  quantity!: number;

  @Column({ type: 'text' })
  state!: ReservationState;

  @Column({ name: 'placed_at', type: 'timestamptz' })
  placedAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;
}
