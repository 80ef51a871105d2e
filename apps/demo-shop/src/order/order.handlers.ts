import { Injectable } from '@nestjs/common';
import { Ctx, MessageContext, MessageHandler, Payload } from '@halfmq/transaction/nest';
import {
  type OrderBody,
  OrderExpiry,
  OrderShipped,
  PaymentCaptured,
  PaymentDeclined,
  StockRefused,
  type StockRefusedBody,
  StockReserved,
} from '../events.js';
import { Work } from '../service/work.js';
import { OrderBook } from './order-book.js';

const GROUP = { group: 'shop-order', from: 'first' } as const;

/** What the order service hears. */
@Injectable()
export class OrderHandlers {
  constructor(
    private readonly work: Work,
    private readonly orders: OrderBook,
  ) {}

  @MessageHandler(StockReserved, GROUP)
  reserved(@Payload() { orderId }: OrderBody, @Ctx() context: MessageContext): Promise<void> {
    return this.work.onMessage(context, (change) => this.orders.confirm(change, orderId));
  }

  @MessageHandler(StockRefused, GROUP)
  refused(@Payload() { orderId, reason }: StockRefusedBody, @Ctx() context: MessageContext): Promise<void> {
    return this.work.onMessage(context, (change) => this.orders.cancel(change, orderId, reason));
  }

  @MessageHandler(PaymentCaptured, GROUP)
  captured(@Payload() { orderId }: OrderBody, @Ctx() context: MessageContext): Promise<void> {
    return this.work.onMessage(context, (change) => this.orders.pay(change, orderId));
  }

  @MessageHandler(PaymentDeclined, GROUP)
  declined(@Payload() { orderId }: OrderBody, @Ctx() context: MessageContext): Promise<void> {
    return this.work.onMessage(context, (change) => this.orders.noteDecline(change, orderId));
  }

  @MessageHandler(OrderShipped, GROUP)
  shipped(@Payload() { orderId }: OrderBody, @Ctx() context: MessageContext): Promise<void> {
    return this.work.onMessage(context, (change) => this.orders.ship(change, orderId));
  }

  @MessageHandler(OrderExpiry, GROUP)
  expired(@Payload() { orderId }: OrderBody, @Ctx() context: MessageContext): Promise<void> {
    return this.work.onMessage(context, (change) => this.orders.cancel(change, orderId, 'not paid in time'));
  }
}
