import { Transform, Type } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import {
  CHAOS_MOMENTS,
  CHAOS_TARGETS,
  type ChaosMoment,
  type ChaosTarget,
  MODES,
  type Mode,
} from '../supervisor/messages.js';
import { ORDER_STATES, type OrderState } from './order.entity.js';

/** Query of `GET /api/orders`. */
export class ListOrders {
  /** Of every state when absent or empty. */
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === '' ? undefined : value))
  @IsIn(ORDER_STATES)
  state?: OrderState;

  /** Newest first. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit?: number;
}

/** Body of `POST /api/chaos`. */
export class Chaos {
  @IsIn(CHAOS_TARGETS)
  target!: ChaosTarget;

  /** `now` when absent; else the next time this point is reached. */
  @IsOptional()
  @IsIn(CHAOS_MOMENTS)
  at?: ChaosMoment;
}

/** Body of `POST /api/load`. */
export class Load {
  @IsInt()
  @Min(1)
  @Max(100_000)
  orders!: number;

  @IsInt()
  @Min(1)
  @Max(1000)
  perSecond!: number;
}

/** Body of `PUT /api/delivery`. */
export class SetDelivery {
  @IsBoolean()
  twice!: boolean;

  @IsBoolean()
  disorder!: boolean;

  @IsInt()
  @Min(0)
  @Max(10_000)
  delayMs!: number;
}

/** Body of `POST /api/storm`. */
export class StartStorm {
  @IsInt()
  @Min(1)
  @Max(3600)
  seconds!: number;

  @IsInt()
  @Min(500)
  @Max(60_000)
  everyMs!: number;
}

/** Body of `PUT /api/mode`. */
export class SetMode {
  @IsIn(MODES)
  mode!: Mode;
}
