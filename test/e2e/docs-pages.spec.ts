import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { strangers } from '../kit/docs-page.js';
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
