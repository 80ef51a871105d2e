import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { readReport, withTable } from './report.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

describe('docs/why.md', () => {
  it('shows what was found on HalfMQ and on Apache RocketMQ', () => {
    const page = readFileSync(here('../../docs/why.md'), 'utf8');
    const reports = ['halfmq', 'apache'].map((server) => readReport(here(`recorded/${server}.json`)));
    expect(withTable(page, reports)).toBe(page);
  });

  it('is not written where it has no place for a table', () => {
    expect(() => withTable('# another page', [])).toThrow('the page has no');
  });
});
