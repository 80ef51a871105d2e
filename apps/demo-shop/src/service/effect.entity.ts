import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** One thing a service did to an order: a step of its way, and what the board counts effects by. Never changed. */
@Entity('effects')
export class Effect {
  @PrimaryGeneratedColumn({ type: 'bigint' })
  id!: string;

  @Column({ name: 'order_id', type: 'uuid' })
  orderId!: string;

  @Column({ type: 'text' })
  effect!: string;

  /** The message that caused it; null for what came from outside. */
  @Column({ name: 'message_id', type: 'text', nullable: true })
  messageId!: string | null;

  /** The transaction whose messages announced it; null when there was nothing to announce, and always in plain mode. */
  @Column({ name: 'transaction_id', type: 'text', nullable: true })
  transactionId!: string | null;

  @Column({ type: 'timestamptz', insert: false, update: false })
  at!: Date;
}

export const EFFECTS_TABLE = `
  CREATE TABLE effects (
    id bigserial PRIMARY KEY,
    order_id uuid NOT NULL,
    effect text NOT NULL,
    message_id text,
    transaction_id text,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
  );
  CREATE INDEX effects_of_order ON effects (order_id);
  CREATE INDEX effects_of_transaction ON effects (transaction_id);
  CREATE INDEX effects_by_time ON effects (at)`;
