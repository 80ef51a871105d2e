export type StoreErrorKind =
  /** no room: appends are refused until there is some again */
  | 'disk-full'
  /** a commit or a sync failed; after a failed sync only a restart helps */
  | 'failed'
  /** stored, and not synced in time: it stays */
  | 'sync-timeout'
  /** the store is closed or closing */
  | 'closed'
  /** another process has the folder */
  | 'locked'
  /** the folder belongs to another broker, to a newer format, is damaged, or is none and cannot be made */
  | 'format'
  /** a record that can never be stored: too large, properties too long */
  | 'illegal';

export class StoreError extends Error {
  override readonly name = 'StoreError';

  constructor(
    readonly kind: StoreErrorKind,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(detail, options);
  }
}
