import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { STATUS } from '@halfmq/remoting';
import * as client from '@halfmq/transaction';

const PAGE = new URL('../../docs/errors.md', import.meta.url);

/** The page as the table says it; `UPDATE_DOCS=1 npm test -- errors-page` writes it anew. */
function page(): string {
  const rows = Object.entries(STATUS).map(
    ([name, { code, http, grpc, retryable, meaning, hint }]) =>
      `| \`${name}\` | ${code} | ${http} | ${grpc} | ${retryable ? 'yes' : 'no'} | ${meaning} | ${hint} |`,
  );
  return [
    '# Errors',
    '',
    "The closed list of what a broker or a name server can answer, on every door. Over HTTP a refusal is a problem document (RFC 9457) whose `type` is `urn:halfmq:error:` and the name in lower case with hyphens; a path that leads nowhere (404), a body that is too large (413) or of a kind that is not taken (415) has HTTP's own status beside it.",
    '',
    '| name | remoting | HTTP | gRPC | retry helps | meaning | what to do |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
    '## What the client throws',
    '',
    'Each is a `HalfmqError` with a `code` to branch on and a message that says what happened and what to do.',
    '',
    '| code | class | meaning | what to do |',
    '|---|---|---|---|',
    ...Object.entries(client.HALFMQ_ERRORS).map(
      ([code, { thrownAs, meaning, hint }]) => `| \`${code}\` | \`${thrownAs}\` | ${meaning} | ${hint} |`,
    ),
    '',
  ].join('\n');
}

describe('the page of errors', () => {
  it('says what the table of statuses says', async () => {
    if (process.env['UPDATE_DOCS'] === '1') await writeFile(PAGE, page());
    expect(await readFile(PAGE, 'utf8')).toBe(page());
  });

  it('names the class of every error of the client', () => {
    const exported: Readonly<Record<string, unknown>> = client;
    const missing = Object.values(client.HALFMQ_ERRORS).filter(({ thrownAs }) => !exported[thrownAs]);
    expect(missing).toEqual([]);
  });

  it('tells for every refusal what to do about it', () => {
    const silent = Object.entries(STATUS).filter(([name, { hint }]) => name !== 'OK' && hint === '');
    expect(silent).toEqual([]);
  });
});
