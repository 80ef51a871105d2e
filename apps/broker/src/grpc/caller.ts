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
  /** It is answered with what there is now. */
  stopWaiting(): void;
}

/** What a call says of it. A class, since an object with a getter of its own costs several times as much. */
export class Calling implements Caller {
  constructor(
    readonly clientId: string,
    readonly language: number,
    readonly version: string,
    private readonly remote: Pick<Caller, 'host' | 'address'>,
    readonly remainingMs: number | undefined,
    private readonly call: { readonly signal: AbortSignal; stopWaiting(): void },
  ) {}

  get host(): Host {
    return this.remote.host;
  }

  get address(): string {
    return this.remote.address;
  }

  get gone(): AbortSignal {
    return this.call.signal;
  }

  stopWaiting(): void {
    this.call.stopWaiting();
  }
}
