import { Body, Controller, Get, NotFoundException, Param, Post, Query } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Journeys } from '../board/journey.js';
import { Work } from '../service/work.js';
import { ListOrders } from './api.dto.js';
import { OrderBook } from './order-book.js';
import { Order } from './order.entity.js';
import { shown } from './order-view.js';
import { PlaceOrder } from './place-order.dto.js';

const USUAL_LIMIT = 100;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

@Controller('api/orders')
export class OrdersController {
  constructor(
    private readonly work: Work,
    private readonly book: OrderBook,
    @InjectRepository(Order) private readonly orders: Repository<Order>,
    private readonly journeys: Journeys,
  ) {}

  /** 201 when the order is saved and its messages are on their way, or will be. */
  @Post()
  async place(@Body() wish: PlaceOrder): Promise<{ orderId: string }> {
    const order = await this.work.onCall((change) => this.book.place(change, wish));
    return { orderId: order.id };
  }

  /** The order, and the way it took. */
  @Get(':id')
  async one(@Param('id') id: string): Promise<object> {
    const order = UUID.test(id) ? await this.orders.findOneBy({ id }) : null;
    if (order === null) throw new NotFoundException(`There is no order ${id}.`);
    const ways = await this.journeys.of([order.id]);
    return { ...shown(order), way: ways.get(order.id) ?? [] };
  }

  @Get()
  async list(@Query() { state, limit }: ListOrders): Promise<object[]> {
    const found = await this.orders.find({
      where: state === undefined ? {} : { state },
      order: { placedAt: 'DESC' },
      take: limit ?? USUAL_LIMIT,
    });
    return found.map(shown);
  }
}
