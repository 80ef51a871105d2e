import { Injectable } from '@nestjs/common';
import { Ctx, MessageContext, MessageHandler, Payload } from '@halfmq/transaction/nest';
import {
  type OrderBody,
  OrderCancelled,
  type OrderCancelledBody,
  OrderPaid,
  OrderPlaced,
  type OrderPlacedBody,
} from '../events.js';
import { Work } from '../service/work.js';
import { Shelves } from './shelves.js';

const GROUP = { group: 'shop-stock', from: 'first' } as const;

/** What the stock service hears. */
@Injectable()
export class StockHandlers {
  constructor(
    private readonly work: Work,
    private readonly shelves: Shelves,
  ) {}

  @MessageHandler(OrderPlaced, GROUP)
  placed(@Payload() order: OrderPlacedBody, @Ctx() context: MessageContext): Promise<void> {
    return this.work.onMessage(context, (change) => this.shelves.reserve(change, order));
  }

  @MessageHandler(OrderPaid, GROUP)
  paid(@Payload() order: OrderBody, @Ctx() context: MessageContext): Promise<void> {
    return this.work.onMessage(context, (change) => this.shelves.sell(change, order));
  }

  @MessageHandler(OrderCancelled, GROUP)
  cancelled(@Payload() order: OrderCancelledBody, @Ctx() context: MessageContext): Promise<void> {
    return this.work.onMessage(context, (change) => this.shelves.release(change, order));
  }
}
