import type { StatusName } from '@halfmq/remoting';
import type { StoreError, StoreErrorKind } from '@halfmq/store';

const STATUS_OF: Readonly<Record<StoreErrorKind, StatusName>> = {
  'disk-full': 'DISK_FULL',
  failed: 'SERVICE_NOT_AVAILABLE',
  'sync-timeout': 'FLUSH_DISK_TIMEOUT',
  closed: 'SERVICE_NOT_AVAILABLE',
  locked: 'SERVICE_NOT_AVAILABLE',
  format: 'SERVICE_NOT_AVAILABLE',
  illegal: 'MESSAGE_ILLEGAL',
};

/** What a client is told when the store refuses or loses a group. */
export function statusOfStoreError(error: StoreError): StatusName {
  return STATUS_OF[error.kind];
}
