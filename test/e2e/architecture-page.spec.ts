import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('ARCHITECTURE.md', () => {
  it('names only files and folders that exist', () => {
    const page = readFileSync(`${root}ARCHITECTURE.md`, 'utf8');
    const named = [...page.matchAll(/`((?:apps|libs|test)\/[\w./-]+)`/g)].map(([, path = '']) => path);

    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((path) => !existsSync(root + path))).toEqual([]);
  });
});
