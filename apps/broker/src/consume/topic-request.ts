import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

/** Query of GET /v1/topics/{topic}/tail. */
export class TailRequest {
  /** `created || paid`: everything unless told */
  @IsOptional()
  @IsString()
  tags?: string;
}

/** Query of GET /v1/topics/{topic}/messages. */
export class BrowseRequest extends TailRequest {
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(64)
  limit = 32;

  /** what the last answer called `next` */
  @IsOptional()
  @IsString()
  cursor?: string;
}
