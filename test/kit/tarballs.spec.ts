import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { faultsOf } from './tarballs.js';

const GOOD = {
  name: '@halfmq/thing',
  version: '1.2.3',
  license: 'Apache-2.0',
  exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
  bin: { thing: './bin/thing.js' },
  dependencies: { '@halfmq/other': '1.2.3', '@nestjs/core': '12.5.1' },
};

describe('the look into a tarball', () => {
  let folder: string;
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  const faultsWith = (changes: object): string[] => {
    write('package.json', JSON.stringify({ ...GOOD, ...changes }));
    return faultsOf(folder);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'halfmq-tarball-'));
    for (const file of ['LICENSE', 'README.md', 'dist/index.d.ts']) write(file, '');
    write(
      'dist/index.js',
      "import { join } from 'node:path';\nimport { a } from '@nestjs/core/a.js';\nimport './b.js';\n",
    );
    write('bin/thing.js', '#!/usr/bin/env node\n');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('finds nothing where all is well', () => expect(faultsWith({})).toEqual([]));

  it('finds what is missing', () => {
    rmSync(join(folder, 'LICENSE'));
    rmSync(join(folder, 'dist/index.d.ts'));
    expect(faultsWith({ license: undefined })).toEqual([
      'LICENSE is missing',
      './dist/index.d.ts is missing',
      'no licence is named',
    ]);
  });

  it("finds the workspace's own", () => {
    write('dist/a.spec.js', '');
    write('dist/index.js.map', '');
    write('bin/thing.js', 'import "../dist/index.js";\n');
    const doors = { '.': { 'halfmq:source': './src/index.ts', ...GOOD.exports['.'] } };
    write('src/index.ts', '');
    expect(faultsWith({ exports: doors, devDependencies: {} })).toEqual(
      expect.arrayContaining([
        'src/index.ts is packed',
        'dist/a.spec.js is packed',
        'dist/index.js.map is packed',
        'halfmq:source is published',
        '"devDependencies" is published',
        '. is entered by halfmq:source,types,default',
        './bin/thing.js does not begin with #!',
      ]),
    );
  });

  it('finds a sister of another release, and what is imported and not declared', () => {
    write('dist/late.js', "const all = await import('typeorm');\nexport { x } from '@halfmq/else/door';\n");
    expect(faultsWith({ dependencies: { ...GOOD.dependencies, '@halfmq/other': '1.2.2' } })).toEqual([
      '@halfmq/other is wanted as 1.2.2',
      'typeorm is imported and not a dependency',
      '@halfmq/else is imported and not a dependency',
    ]);
  });
});
