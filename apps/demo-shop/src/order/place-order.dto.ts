import { IsBoolean, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';

/** The body of `POST /api/orders`. */
export class PlaceOrder {
  @IsString()
  @Length(1, 40)
  sku!: string;

  @IsInt()
  @Min(1)
  @Max(100)
  quantity!: number;

  @IsString()
  @Length(1, 80)
  customer!: string;

  /** Kept with the order; no coupon takes anything off the price yet. */
  @IsOptional()
  @IsString()
  @Length(1, 80)
  couponId?: string | null;

  /** Kept with the order; nobody has a balance yet. */
  @IsOptional()
  @IsBoolean()
  useBalance?: boolean;
}
