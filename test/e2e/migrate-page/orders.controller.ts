import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';

interface Order {
  readonly id: string;
  readonly sku: string;
}

@Controller()
export class OrdersController {
  @EventPattern('order.placed')
  placed(order: Order) {
    console.log(`reserved ${order.sku} for ${order.id}`);
  }

  @MessagePattern({ cmd: 'price' })
  price(sku: string) {
    return sku === 'tea' ? 450 : 900;
  }
}
