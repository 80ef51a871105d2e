import type { Stored } from '@halfmq/store';

/** A store's callback as a promise. @throws StoreError, by rejecting */
export function told(ask: (stored: Stored) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    ask((error) => (error ? reject(error) : resolve()));
  });
}
