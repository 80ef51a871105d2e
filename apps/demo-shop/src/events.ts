import { topic } from '@halfmq/transaction/nest';

/**
 * Everything the services ever say to each other.
 *
 *   order ── OrderPlaced ──▶ stock ── StockReserved ──▶ order ── OrderConfirmed ──▶ payment
 *                              └───── StockRefused ───▶ order                         │
 *   stock ◀── OrderPaid ── order ◀────────────── PaymentCaptured | PaymentDeclined ───┘
 *   shipping ◀── OrderPaid ── order ◀── OrderShipped ── shipping
 *   order ── OrderExpiry, delayed ──▶ order ── OrderCancelled ──▶ stock, payment
 */

interface OfOrder {
  readonly orderId: string;
}

const byOrder = { key: (message: OfOrder): string => message.orderId };

export interface OrderPlacedBody extends OfOrder {
  readonly sku: string;
  readonly quantity: number;
  /** ISO 8601; every service keeps it, so that a count can begin at one moment in all of them. */
  readonly placedAt: string;
}

export interface OrderConfirmedBody extends OfOrder {
  /** Cents. */
  readonly amount: number;
  readonly placedAt: string;
}

export interface OrderPaidBody extends OfOrder {
  readonly placedAt: string;
}

export interface OrderCancelledBody extends OrderPlacedBody {
  readonly amount: number;
}

export interface StockRefusedBody extends OfOrder {
  readonly reason: string;
}

export const OrderPlaced = topic<OrderPlacedBody>('shop-order-placed', byOrder);
export const OrderConfirmed = topic<OrderConfirmedBody>('shop-order-confirmed', byOrder);
export const OrderPaid = topic<OrderPaidBody>('shop-order-paid', byOrder);
/** Sent over HTTP by `shipping/shipping.py`. */
export const OrderShipped = topic<OfOrder>('shop-order-shipped', byOrder);
export const OrderCancelled = topic<OrderCancelledBody>('shop-order-cancelled', byOrder);
/** Sent with the order, delivered when its time to be paid is over. */
export const OrderExpiry = topic<OfOrder>('shop-order-expiry', byOrder);
export const StockReserved = topic<OfOrder>('shop-stock-reserved', byOrder);
export const StockRefused = topic<StockRefusedBody>('shop-stock-refused', byOrder);
export const PaymentCaptured = topic<OfOrder>('shop-payment-captured', byOrder);
export const PaymentDeclined = topic<OfOrder>('shop-payment-declined', byOrder);

export type OrderBody = OfOrder;
