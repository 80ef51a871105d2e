import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 *   unconfirmed ──stock reserved──▶ confirmed ──money captured──▶ paid ──▶ shipped ──▶ received
 *        └── out of stock, expired ──────┴──expired──▶ cancelled
 *
 * `shipped` and `received` wait for the parcel service.
 */
export const ORDER_STATES = ['unconfirmed', 'confirmed', 'paid', 'shipped', 'received', 'cancelled'] as const;
export type OrderState = (typeof ORDER_STATES)[number];

@Entity('orders')
export class Order {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'text' })
  customer!: string;

  @Column({ type: 'text' })
  sku!: string;

  @Column({ type: 'int' })
  quantity!: number;

  /** Cents. */
  @Column({ type: 'int' })
  total!: number;

  @Column({ name: 'coupon_id', type: 'text', nullable: true })
  couponId!: string | null;

  @Column({ name: 'use_balance', type: 'boolean' })
  useBalance!: boolean;

  @Column({ type: 'text' })
  state!: OrderState;

  /** Why it was cancelled, or why it is not paid yet. */
  @Column({ type: 'text', nullable: true })
  note!: string | null;

  @Column({ name: 'placed_at', type: 'timestamptz' })
  placedAt!: Date;

  /** When it is cancelled unless it is paid. */
  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;
}
