import type { ExtFields } from './command.js';
import { headerCodec, type Column, type FieldTable, type HeaderOf } from './fields.js';
import { RequestCode } from './request-code.js';

/** What a caller must be allowed to do: publish to or subscribe from the topic it names, or administer. */
export type RequestPermission = 'none' | 'pub' | 'sub' | 'pubsub' | 'admin';
/** Which kind of work a request is: what may be limited, measured and drained apart from the rest. */
export type Lane = 'send' | 'pull' | 'client' | 'admin';

/** One request of the wire: its number, its typed header, and what it takes to be served. */
export interface RequestSpec<H> {
  readonly code: number;
  readonly name: string;
  readonly permission: RequestPermission;
  readonly lane: Lane;
  readonly columns: readonly Column[];
  /** @throws StatusError INVALID_PARAMETER: the remark names the field, what was expected and what came */
  decode(ext: ExtFields): H;
  encode(header: H): Record<string, string>;
}

/** The header type of a spec. */
export type HeaderOfSpec<S> = S extends RequestSpec<infer H> ? H : never;

/** Declares a request by its RocketMQ name and its table of fields. */
export function request<F extends FieldTable>(
  name: keyof typeof RequestCode,
  how: { permission: RequestPermission; lane: Lane; wireNames?: Partial<Record<keyof F, string>> },
  fields: F,
): RequestSpec<HeaderOf<F>> {
  return {
    code: RequestCode[name],
    name,
    permission: how.permission,
    lane: how.lane,
    ...headerCodec(name, fields, how.wireNames),
  };
}
