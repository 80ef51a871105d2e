import { Body, Controller, Get, HttpCode, Post, Put } from '@nestjs/common';
import { SupervisorLine } from '../service/supervisor-line.js';
import type { FleetView, LoadView, Mode } from '../supervisor/messages.js';
import { Chaos, Load, SetDelivery, SetMode, StartStorm } from './api.dto.js';
import { Count } from './count.js';
import { type ModeTally, Tally } from './tally.js';

const ACCEPTED = 202;

/** What the page's buttons do. The supervisor does it; this service may well be the one that dies. */
@Controller('api')
export class ChaosController {
  constructor(
    private readonly line: SupervisorLine,
    private readonly count: Count,
    private readonly tally: Tally,
  ) {}

  @Post('chaos')
  @HttpCode(ACCEPTED)
  async chaos(@Body() { target, at = 'now' }: Chaos): Promise<object> {
    await this.line.ask({ kind: 'chaos', target, at });
    return { target, at };
  }

  @Post('load')
  @HttpCode(ACCEPTED)
  async startLoad(@Body() { orders, perSecond }: Load): Promise<object> {
    await this.line.ask({ kind: 'load', orders, perSecond });
    return { orders, perSecond };
  }

  /** The load that runs or ran last; null before the first. */
  @Get('load')
  load(): { load: LoadView | null } {
    return { load: this.line.fleet?.load ?? null };
  }

  /** How messages reach the services from now on. */
  @Put('delivery')
  async deliver(@Body() { twice, disorder, delayMs }: SetDelivery): Promise<object> {
    const delivery = { twice, disorder, delayMs };
    await this.line.ask({ kind: 'delivery', delivery });
    return delivery;
  }

  /** Random kills. */
  @Post('storm')
  @HttpCode(ACCEPTED)
  async storm(@Body() { seconds, everyMs }: StartStorm): Promise<object> {
    await this.line.ask({ kind: 'storm', seconds, everyMs });
    return { seconds, everyMs };
  }

  /** What each mode has lost and doubled since its count began. */
  @Get('tally')
  tallies(): Promise<ModeTally[]> {
    return this.tally.note(this.line.mode);
  }

  @Get('mode')
  mode(): { mode: Mode } {
    return { mode: this.line.mode };
  }

  /** A change of mode begins a new count: what the other mode left behind is not this one's doing. */
  @Put('mode')
  async setMode(@Body() { mode }: SetMode): Promise<{ mode: Mode }> {
    const changes = mode !== this.line.mode;
    await this.line.ask({ kind: 'set-mode', mode });
    if (changes) await this.count.beginAnew();
    return { mode };
  }

  /** Every process of the shop, what is armed, and what happened last. */
  @Get('processes')
  processes(): { fleet: FleetView | null } {
    return { fleet: this.line.fleet ?? null };
  }
}
