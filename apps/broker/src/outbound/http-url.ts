import { StatusError } from '@halfmq/remoting';

/** one that a caller may give, in characters */
export const LONGEST_URL = 1_024;
const LONGEST_QUOTE = 100;

/**
 * An address somebody is to be called at.
 * @param field who names it
 * @throws StatusError INVALID_PARAMETER
 */
export function httpUrl(field: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new StatusError(
      'INVALID_PARAMETER',
      `${field} is no http or https address: ${text.slice(0, LONGEST_QUOTE)}`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new StatusError(
      'INVALID_PARAMETER',
      `${field} carries a name or a password: they would be stored in the message`,
    );
  }
  return url;
}
