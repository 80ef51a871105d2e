import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { root } from '../kit/docs-page.js';

const text = (path: string): string => readFileSync(join(root, path), 'utf8');

/** As it stands in the source: quotes may be escaped there. */
const titlesOf = (path: string): string[] =>
  existsSync(join(root, path))
    ? [...text(path).matchAll(/\bit(?:\.each\([^)]*\))?\(\s*(['"`])(.*?)\1,/gs)].map(
        ([, , title = '']) => title,
      )
    : [];

describe('docs/when-it-fails.md', () => {
  const page = text('docs/when-it-fails.md');
  const parts = page.split('\n## ').slice(1);

  it('names a test for every promise, and each is there', () => {
    const named = [...page.matchAll(/^- `((?:test|libs|apps)\/[^`]+)`: (.+)$/gm)];
    expect(named.length).toBeGreaterThan(parts.length);
    const unknown = named.filter(([, path = '', title = '']) => !titlesOf(path).includes(title));
    expect(unknown.map(([line]) => line)).toEqual([]);
  });

  it('has what one sees and what to do in every part, and tests below it', () => {
    for (const part of parts) {
      const [title] = part.split('\n');
      const said = ['**You see**', '**Do**', 'Kept by:'].filter((words) => part.includes(words));
      expect([title, said]).toEqual([title, ['**You see**', '**Do**', 'Kept by:']]);
    }
  });

  it('uses names of errors that exist', () => {
    const errors = text('docs/errors.md');
    const named = [...page.matchAll(/`([A-Z]{2,}(?:_[A-Z]+)+)`/g)].map(([, name = '']) => name);
    const settings = new Set(['ASYNC_FLUSH', 'SYNC_FLUSH']);
    expect(named.filter((name) => !settings.has(name) && !errors.includes(`\`${name}\``))).toEqual([]);
  });
});
