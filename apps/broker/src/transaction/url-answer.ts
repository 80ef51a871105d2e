import type { Verdict } from '@halfmq/store';
import type { Answer } from '../outbound/outbound.js';

const VERDICTS: readonly string[] = ['commit', 'rollback', 'unknown'];
const LONGEST_QUOTE = 100;

/** What somebody said when he was asked; `why`, when it is no plain answer. */
export interface UrlAnswer {
  readonly verdict: Verdict['kind'] | 'unknown';
  readonly why?: string | undefined;
}

/** `{"verdict": "commit"}`, or the word alone. Whatever else is answered tells nothing, and decides nothing. */
export function urlAnswer({ status, body }: Answer): UrlAnswer {
  if (status < 200 || status > 299) {
    const redirect = status >= 300 && status < 400 ? ', and redirects are not followed' : '';
    return { verdict: 'unknown', why: `it answered HTTP ${status}${redirect}` };
  }
  const said = wordOf(body.trim());
  if (said !== undefined && VERDICTS.includes(said)) return { verdict: said as UrlAnswer['verdict'] };
  return {
    verdict: 'unknown',
    why: `it answered neither commit nor rollback nor unknown: ${JSON.stringify(body.slice(0, LONGEST_QUOTE))}`,
  };
}

function wordOf(text: string): string | undefined {
  if (!/^["{]/.test(text)) return text.toLowerCase();
  try {
    const document: unknown = JSON.parse(text);
    const word = typeof document === 'string' ? document : (document as { verdict?: unknown }).verdict;
    return typeof word === 'string' ? word.toLowerCase() : undefined;
  } catch {
    return undefined;
  }
}
