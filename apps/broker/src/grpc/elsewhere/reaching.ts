import { RemotingError } from '@halfmq/remoting';

const MOST_TRIES = 3;

/**
 * What never reached a broker goes to the next one; what has an order stays with its own.
 * @param key of that order
 * @param send to the next broker in turn
 */
export async function reaching<T>(
  key: string | undefined,
  send: () => Promise<T>,
  tries = MOST_TRIES,
): Promise<T> {
  try {
    return await send();
  } catch (error) {
    const isUnreached = error instanceof RemotingError && error.kind === 'connect';
    if (!isUnreached || tries <= 1 || key !== undefined) throw error;
    return reaching(key, send, tries - 1);
  }
}
