import { Injectable, Logger } from '@nestjs/common';
import { RetryIn } from '@halfmq/transaction';
import { Ctx, MessageContext, MessageHandler, Payload } from '@halfmq/transaction/nest';
import {
  OrderCancelled,
  type OrderCancelledBody,
  OrderConfirmed,
  type OrderConfirmedBody,
} from '../events.js';
import { Work } from '../service/work.js';
import { type ChargePlan, FakeProvider, ProviderHesitates } from './provider.js';
import { Till } from './till.js';

const GROUP = { group: 'shop-payment', from: 'first' } as const;
const ASK_AGAIN_IN = '1s';

/** What the payment service hears: messages of the order service, and calls of the provider. */
@Injectable()
export class PaymentHandlers {
  private readonly log = new Logger(PaymentHandlers.name);

  constructor(
    private readonly work: Work,
    private readonly till: Till,
    private readonly provider: FakeProvider,
  ) {}

  @MessageHandler(OrderConfirmed, GROUP)
  async confirmed(@Payload() order: OrderConfirmedBody, @Ctx() context: MessageContext): Promise<void> {
    const outcome = await this.charge(order);
    await this.work.onMessage(context, (change) => this.till.settle(change, order, outcome));
  }

  @MessageHandler(OrderCancelled, GROUP)
  cancelled(@Payload() order: OrderCancelledBody, @Ctx() context: MessageContext): Promise<void> {
    return this.work.onMessage(context, (change) => this.till.giveBack(change, order));
  }

  /** Outside of any transaction of ours: nobody holds rows while a stranger thinks. */
  private async charge(order: OrderConfirmedBody): Promise<ChargePlan['outcome']> {
    try {
      return await this.provider.charge(order.orderId, (outcome) => this.calledAgain(order, outcome));
    } catch (error) {
      if (error instanceof ProviderHesitates) throw new RetryIn(ASK_AGAIN_IN);
      throw error;
    }
  }

  private calledAgain(order: OrderConfirmedBody, outcome: ChargePlan['outcome']): void {
    this.work
      .onCall((change) => this.till.settle(change, order, outcome))
      // It was told once already; a second call that fails changes nothing.
      .catch((error: unknown) => this.log.warn(`second call for ${order.orderId}: ${String(error)}`));
  }
}
