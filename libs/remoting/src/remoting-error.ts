/** connect: no connection came about. timeout: no answer in time. closed: the connection went. malformed: too large. */
export type RemotingErrorKind = 'connect' | 'timeout' | 'closed' | 'malformed';

/** A request that got no answer. Whether the other side acted on it is unknown, unless the kind is `connect`. */
export class RemotingError extends Error {
  override readonly name = 'RemotingError';

  constructor(
    readonly kind: RemotingErrorKind,
    /** ip:port of the other side */
    readonly address: string,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(`${address}: ${detail}`, options);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
