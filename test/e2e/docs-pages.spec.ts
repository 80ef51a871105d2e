import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { root, strangers } from '../kit/docs-page.js';
import { PostgresServer } from '../kit/postgres.js';

describe('docs/testing.md', () => {
  it('shows code that is compiled and run', () => {
    expect(strangers('docs/testing.md', 'test/e2e/testing-page')).toEqual([]);
  });
});

describe('docs/observing.md', () => {
  it('shows code that is compiled and run', () => {
    expect(strangers('docs/observing.md', 'test/e2e/observing-page')).toEqual([]);
  });

  it('has every channel of the client, and no other', () => {
    const named = (path: string, before: string): string[] =>
      [...readFileSync(join(root, path), 'utf8').matchAll(new RegExp(`${before}(halfmq:[a-z:-]+)`, 'g'))].map(
        ([, name = '']) => name,
      );
    const listed = named('libs/transaction/src/channels.ts', "channel\\('");
    expect(listed.length).toBeGreaterThan(5);
    expect(named('libs/transaction/src/channels.ts', '- `')).toEqual(listed);
    expect(named('docs/observing.md', '\\n\\| `')).toEqual(listed);
  });
});

describe('docs/messages.md', () => {
  it('shows code that is compiled and run', () => {
    expect(strangers('docs/messages.md', 'test/e2e/messages-page')).toEqual([]);
  });
});

describe('docs/consuming.md', () => {
  it('shows code that is compiled and run', () => {
    expect(strangers('docs/consuming.md', 'test/e2e/consuming-page')).toEqual([]);
  });
});

describe('docs/transactions.md', () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await PostgresServer.start();
  }, 60_000);
  afterAll(() => postgres?.stop());

  it('shows code that is compiled and run', () => {
    expect(strangers('docs/transactions.md', 'test/e2e/transactions-page')).toEqual([]);
  });

  it('ends with tests that pass', async () => {
    const tests = ['orders', 'examples'].map((name) =>
      fileURLToPath(new URL(`../dist/e2e/transactions-page/src/${name}.test.js`, import.meta.url)),
    );
    const DATABASE_URL = await postgres.createDatabase('page');
    const env = { ...process.env, DATABASE_URL };
    const child = spawn(
      process.execPath,
      ['--test', '--test-reporter=tap', '--test-concurrency=1', ...tests],
      { env },
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    expect({ code, said }).toMatchObject({ code: 0, said: expect.stringContaining('# pass 3') });
  }, 120_000);
});
