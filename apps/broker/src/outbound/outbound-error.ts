/**
 * - `refused`  the address is not one this broker calls, see AddressRules
 * - `away`     nobody answers there, or with 5xx or 429, or not in time
 * - `resting`  it was away a moment ago and is left alone; nothing was sent
 * - `busy`     as much as may be asked at once is asked there already; nothing was sent
 * - `closed`   the broker is stopping
 */
export type OutboundErrorKind = 'refused' | 'away' | 'resting' | 'busy' | 'closed';

/** Nobody took the request, as far as is known. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError';

  constructor(
    readonly kind: OutboundErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
