import { Logger, type MessageEvent } from '@nestjs/common';
import { type Clock, every } from '@halfmq/transaction';
import { Observable, type Subscriber } from 'rxjs';
import type { DataSource } from 'typeorm';
import type { Board } from '../board/board.js';
import type { ReadOnlyDatabases } from '../board/databases.js';
import type { Journeys } from '../board/journey.js';
import { CATALOGUE, type Product } from '../catalogue.js';
import type { SupervisorLine } from '../service/supervisor-line.js';
import { Order } from './order.entity.js';
import { shown } from './order-view.js';
import type { Tally } from './tally.js';

const EVERY_MS = 1000;
/** How soon a page that lost this service tries again. */
const RETRY_MS = 500;
const ORDERS_SHOWN = 30;

export interface ShelfView extends Product {
  readonly onHand: number;
  readonly reserved: number;
  readonly sold: number;
}

const SHELVES = 'SELECT sku, on_hand AS "onHand", reserved, sold FROM products';
const COUNTS = 'SELECT state, count(*)::int AS count FROM orders WHERE placed_at >= $1 GROUP BY state';

/** The shop as a visitor sees it, second by second. */
export class Live {
  private readonly log = new Logger(Live.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly databases: ReadOnlyDatabases,
    private readonly journeys: Journeys,
    private readonly board: Board,
    private readonly tally: Tally,
    private readonly line: SupervisorLine,
    private readonly clock: Clock,
    private readonly brokerDoor: string | null,
  ) {}

  stream(): Observable<MessageEvent> {
    return new Observable((page) => {
      void this.showTo(page);
      return every(this.clock, EVERY_MS, () => this.showTo(page));
    });
  }

  async products(): Promise<ShelfView[]> {
    const rows = await this.databases.rows<Omit<ShelfView, keyof Product> & { sku: string }>(
      'stock',
      SHELVES,
    );
    const shelves = new Map(rows.map((row) => [row.sku, row]));
    return CATALOGUE.map((product) => ({
      onHand: 0,
      reserved: 0,
      sold: 0,
      ...product,
      ...shelves.get(product.sku),
    }));
  }

  private async showTo(page: Subscriber<MessageEvent>): Promise<void> {
    try {
      page.next({ data: await this.look(), retry: RETRY_MS });
    } catch (error) {
      // The next second may be a better one; the page shows how old its picture is.
      this.log.warn(`nothing to show: ${String(error)}`);
    }
  }

  private async look(): Promise<object> {
    const since = await this.board.since();
    const { mode, fleet } = this.line;
    const [orders, counts, products, invariants, tallies] = await Promise.all([
      this.orders(),
      this.databases.rows<{ state: string; count: number }>('order', COUNTS, [since]),
      this.products(),
      this.board.findings(),
      this.tally.note(mode),
    ]);
    const states = Object.fromEntries(counts.map(({ state, count }) => [state, count]));
    const { brokerDoor } = this;
    const shop = { mode, fleet, states, orders, products, brokerDoor };
    return { at: this.clock.now(), since, ...shop, invariants, tallies };
  }

  private async orders(): Promise<object[]> {
    const latest = await this.dataSource
      .getRepository(Order)
      .find({ order: { placedAt: 'DESC' }, take: ORDERS_SHOWN });
    const ways = await this.journeys.of(latest.map((order) => order.id));
    return latest.map((order) => ({ ...shown(order), way: ways.get(order.id) ?? [] }));
  }
}
