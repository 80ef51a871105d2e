import { Controller, Get, HttpCode, type MessageEvent, Post, Sse } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { Board } from '../board/board.js';
import type { Finding } from '../board/judge.js';
import { Count } from './count.js';
import { Live, type ShelfView } from './live.js';

const OK = 200;

@Controller('api')
export class BoardController {
  constructor(
    private readonly board: Board,
    private readonly count: Count,
    private readonly live: Live,
  ) {}

  /** Asked of the databases now (at most twice a second). */
  @Get('invariants')
  invariants(): Promise<Finding[]> {
    return this.board.findings();
  }

  /** Leaves out of all invariants what was ordered before now. */
  @Post('invariants/count-anew')
  @HttpCode(OK)
  async countAnew(): Promise<{ since: string }> {
    return { since: (await this.count.beginAnew()).toISOString() };
  }

  /** The catalogue, with what is on the shelves. */
  @Get('products')
  products(): Promise<ShelfView[]> {
    return this.live.products();
  }

  /** Everything the page shows, each second, as server-sent events. */
  @Sse('live')
  stream(): Observable<MessageEvent> {
    return this.live.stream();
  }
}
