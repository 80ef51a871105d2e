import type { Host } from '@halfmq/remoting';

/** Who calls, as the call's headers and its connection say. */
export interface Caller {
  /** one client, on however many connections */
  readonly clientId: string;
  /** LanguageCode */
  readonly language: number;
  /** of the client's library, such as 5.0.7 */
  readonly version: string;
  readonly host: Host;
  /** ip:port */
  readonly address: string;
  /** ms until the caller gives up; undefined: it waits for ever */
  readonly remainingMs: number | undefined;
  /** the caller has given up, or is gone; or nobody may wait any more, because the broker stops */
  readonly gone: AbortSignal;
}
