import { createHmac } from 'node:crypto';
import { StatusError } from '@halfmq/remoting';

/** As a Standard Webhooks library shows it: the prefix, and 24 to 64 random bytes in base64. */
const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;
const FEWEST_BYTES = 24;
const MOST_BYTES = 64;

/** @throws StatusError INVALID_PARAMETER */
export function mustBeSecrets(texts: readonly string[]): void {
  if (texts.every(isSecret)) return;
  throw new StatusError(
    'INVALID_PARAMETER',
    'a secret is whsec_ and 24 to 64 bytes in base64: echo whsec_$(openssl rand -base64 32)',
  );
}

function isSecret(text: string): boolean {
  const [, base64] = SECRET.exec(text) ?? [];
  const { length } = keyOf(base64 ?? '');
  return length >= FEWEST_BYTES && length <= MOST_BYTES;
}

/**
 * webhook-signature (standardwebhooks.com): one signature a secret, so that whoever is called may change from one to the
 * other at any time.
 * @param timestamp seconds since 1970, as in webhook-timestamp
 */
export function signatureOf(
  secrets: readonly string[],
  id: string,
  timestamp: number,
  body: Uint8Array,
): string {
  return secrets
    .map((secret) => {
      const key = keyOf(SECRET.exec(secret)?.[1] ?? '');
      return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
    })
    .join(' ');
}

const keyOf = (base64: string): Buffer => Buffer.from(base64, 'base64');
