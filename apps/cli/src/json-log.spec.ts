import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@halfmq/transaction';
import { jsonLog, rotatedFile } from './json-log.js';

describe('a log of documents', () => {
  const logOf = (level: 'info' | 'error') => {
    const lines: string[] = [];
    return { lines, log: jsonLog(new ManualClock(0), level, { write: (line) => void lines.push(line) }) };
  };

  it('has time, level and message, and the fields of what happened beside them', () => {
    const { log, lines } = logOf('info');
    log.warn('broker is gone', { name: 'a\nb', error: new Error('no way'), offset: 7n, none: undefined });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toContain('\n');
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'warn',
      time: '1970-01-01T00:00:00.000Z',
      msg: 'broker is gone',
      name: 'a\nb',
      error: 'no way',
      offset: 7,
    });
  });

  it('says from its level on', () => {
    const { log, lines } = logOf('error');
    log.warn('no');
    log.error('yes');
    expect(lines).toHaveLength(1);
  });

  it('says what JSON cannot, rather than failing whoever speaks', () => {
    const { log, lines } = logOf('info');
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    log.info('odd', { circle });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'odd' });
  });
});

describe('a log file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'halfmq-log-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is begun anew when it is full, and so many old ones are kept', async () => {
    const documents = await rotatedFile(join(folder, 'deep', 'a.log'), { size: '1K', rotate: 2 });
    for (let line = 0; line < 200; line++) documents.write(`${'x'.repeat(99)}\n`);
    await documents.finish();
    expect(readdirSync(join(folder, 'deep')).sort()).toEqual(['a.log', 'a.log.1', 'a.log.2']);
  });

  it('has everything when it was finished, behind what was there', async () => {
    for (const text of ['one\n', 'two\n']) {
      const documents = await rotatedFile(join(folder, 'a.log'), { size: '1M', rotate: 2 });
      documents.write(text);
      await documents.finish();
    }
    expect(readFileSync(join(folder, 'a.log'), 'utf8')).toBe('one\ntwo\n');
  });
});
