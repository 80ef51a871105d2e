import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload, RpcException, type ClientProxy } from '@nestjs/microservices';
import { HalfmqRecord, MessageContext, RetryIn } from '@halfmq/transaction/microservice';

interface Order {
  readonly id: string;
  readonly sku: string;
}

/** What the page shows beside the move itself, run by migrate-page.spec.ts. */
export function remind(client: ClientProxy, order: Order) {
  // #region record
  return client.emit('order.placed', new HalfmqRecord(order, { keys: [order.id], delay: '15m' }));
  // #endregion
}

export const seen: string[] = [];

@Controller()
export class Reminders {
  // #region wish
  @EventPattern<unknown>('order.placed')
  placed(@Payload() order: Order, @Ctx() context: MessageContext) {
    if (context.reconsumeTimes < 2) throw new RpcException(new RetryIn('5s'));
    seen.push(`${order.id} ${context.message.keys.join()}`);
  }
  // #endregion
}
