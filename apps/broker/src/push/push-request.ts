import { Type } from 'class-transformer';
import { IsBoolean, IsInt, IsOptional, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';
import { Selection } from '../consume/selection.js';
import { LONGEST_URL } from '../outbound/http-url.js';

const MOST_AT_ONCE = 256;
const MOST_A_SECOND = 100_000;
const MOST_SHOWN = 500;

/** Body of PUT /v1/groups/{group}/push. */
export class PushRequest extends Selection {
  @IsString()
  @MinLength(1)
  topic = '';

  /** http or https: each message is POSTed there */
  @IsString()
  @MaxLength(LONGEST_URL)
  backurl = '';

  /** true: of a queue nothing more while one message is not done */
  @IsOptional()
  @IsBoolean()
  ordered = false;

  /** whsec_ and 24 to 64 bytes in base64: requests are signed with it, as Standard Webhooks says */
  @IsOptional()
  @IsString()
  secret?: string;

  /** signed with this one too, while the receiver changes to the other */
  @IsOptional()
  @IsString()
  previousSecret?: string;

  /** requests at once, at most */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MOST_AT_ONCE)
  concurrency = 16;

  /** messages a second, at most; as fast as it goes unless told */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MOST_A_SECOND)
  rateLimit?: number;
}

/** Query of GET /v1/pushes. */
export class PushesRequest {
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MOST_SHOWN)
  limit = 50;

  /** what the last answer called `next` */
  @IsOptional()
  @IsString()
  cursor?: string;
}
