import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ModeFile } from './mode-file.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halfmq-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('the mode is transactional at first and outlives its supervisor', () => {
  const first = new ModeFile(folder);
  expect(first.mode).toBe('transactional');
  first.set('plain');
  expect(new ModeFile(folder).mode).toBe('plain');
});

test('a file that says nothing known is the default', async () => {
  await writeFile(join(folder, 'mode'), 'magic');
  expect(new ModeFile(folder).mode).toBe('transactional');
});
