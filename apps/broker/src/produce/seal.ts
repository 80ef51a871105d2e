import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { MessageStore } from '@halfmq/store';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Document of the store's settings. */
const NAME = 'seal';

/**
 * Texts that lie in messages and are for the broker alone: whoever reads the message, by any door or tool, sees letters.
 * The key lies in the store's settings, which no client reads; it is made when the first text is sealed.
 */
export class Seal {
  constructor(private readonly store: Pick<MessageStore, 'settings'>) {}

  /** The same text gives the same letters: a repeated call is known by what it stores. */
  close(text: string): string {
    const { cipherKey, nonceKey } = keysIn(this.key ?? this.newKey());
    const nonce = createHmac('sha256', nonceKey).update(text).digest().subarray(0, NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, cipherKey, nonce);
    const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** Undefined: it was not sealed here, or is not what it was. */
  open(sealed: string): string | undefined {
    const { key } = this;
    if (key === undefined) return undefined;
    const bytes = Buffer.from(sealed, 'base64url');
    const { cipherKey } = keysIn(key);
    try {
      const cipher = createDecipheriv(CIPHER, cipherKey, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      cipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      return cipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + cipher.final('utf8');
    } catch {
      return undefined;
    }
  }

  /** Not kept in memory: should the record of a new one not be stored, there is none, and the next text makes another. */
  private get key(): string | undefined {
    return this.store.settings.all('broker').get(NAME);
  }

  private newKey(): string {
    const key = randomBytes(2 * KEY_BYTES).toString('base64');
    // what is sealed with it is placed later, so it is not stored without it
    this.store.settings.put('broker', NAME, key, () => undefined);
    return key;
  }
}

function keysIn(key: string): { readonly cipherKey: Buffer; readonly nonceKey: Buffer } {
  const bytes = Buffer.from(key, 'base64');
  return { cipherKey: bytes.subarray(0, KEY_BYTES), nonceKey: bytes.subarray(KEY_BYTES) };
}
