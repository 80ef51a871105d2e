import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from '@jest/globals';
import { openStore } from '@halfmq/store';
import { TOPIC, workOptions } from '../kit/store-work.js';
import { until } from '../kit/until.js';

const PROGRAM = join(import.meta.dirname, '../dist/kit/store-full.js');
/** 20 MiB, in the blocks of 512 bytes that sh counts in */
const LIMIT = 40_960;

describe('a commit that fails', () => {
  it('is undone and answered with an error; sends resume when there is room, without a gap', async () => {
    // only Linux lets another process lift the limit again
    if (process.platform !== 'linux') return;
    const path = mkdtempSync(join(tmpdir(), 'halfmq-full-'));
    const command = `ulimit -S -f ${LIMIT}; exec "$0" "$@"`;
    const child = spawn('sh', ['-c', command, process.execPath, PROGRAM, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const events: Record<string, unknown>[] = [];
    createInterface({ input: child.stdout }).on('line', (line) =>
      events.push(JSON.parse(line) as Record<string, unknown>),
    );
    try {
      await until('a commit failed', () => events.length > 0);
      const [failed] = events;
      const max = failed?.['max'] as number;
      expect(failed).toMatchObject({ writable: false, failed: { kind: 'failed', offset: max } });
      expect(failed?.['refused']).toMatch(/sends resume/);
      execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited']);
      await once(child, 'close');
      expect(events[1]).toEqual({ resumed: { offset: max }, max: max + 1 });
      const store = await openStore(workOptions(path));
      expect(store.maxOffset(TOPIC, 0)).toBe(max + 1);
      const all = store.read(TOPIC, 0, 0, { maxMessages: 10_000, maxBytes: 1e9 });
      expect(all.count).toBe(max + 1);
      await store.close();
    } finally {
      child.kill('SIGKILL');
      rmSync(path, { recursive: true, force: true });
    }
  }, 60_000);
});
