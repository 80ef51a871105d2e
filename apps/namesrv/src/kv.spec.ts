import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KvConfig } from './kv.js';

describe('the key-value table', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'halfmq-kv-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('keeps namespaces apart and knows nothing of an unknown one', () => {
    const kv = new KvConfig();
    kv.put('A', 'key', '1');
    kv.put('B', 'key', '2');
    expect(kv.get('A', 'key')).toBe('1');
    kv.delete('A', 'key');
    expect(kv.get('A', 'key')).toBeUndefined();
    expect(kv.list('A')).toEqual(new Map());
    expect(kv.list('B')).toEqual(new Map([['key', '2']]));
    expect(kv.list('C')).toBeUndefined();
  });

  it("is there again after a restart, in the shape of RocketMQ's file", () => {
    const file = join(folder, 'new', 'kvConfig.json');
    new KvConfig(file).put('ORDER_TOPIC_CONFIG', 'orders', 'a:4;b:4');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      configTable: { ORDER_TOPIC_CONFIG: { orders: 'a:4;b:4' } },
    });
    expect(new KvConfig(file).get('ORDER_TOPIC_CONFIG', 'orders')).toBe('a:4;b:4');
    expect(existsSync(`${file}.new`)).toBe(false);
  });

  it('refuses a file that is no such table, and leaves it as it is', () => {
    const file = join(folder, 'kvConfig.json');
    for (const text of ['not json', '[]', '{"configTable":{"a":1}}']) {
      writeFileSync(file, text);
      expect(() => new KvConfig(file)).toThrow(`${file} is no key-value table`);
      expect(readFileSync(file, 'utf8')).toBe(text);
    }
  });
});
