import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../kit/docs-page.js';
import { outcome, print, promise } from './promises.js';

/** Where systemd is there to read them. */
export async function units(): Promise<void> {
  if (spawnSync('systemd-analyze', ['--version']).status !== 0) {
    outcome.skipped++;
    print('skipped the units of deploy/: there is no systemd-analyze');
    return;
  }
  await promise('systemd reads the units of deploy/ without a word', () => {
    const folder = mkdtempSync(join(tmpdir(), 'halfmq-packages-units-'));
    try {
      for (const unit of ['halfmq-namesrv.service', 'halfmq-broker.service']) {
        const text = readFileSync(join(root, 'deploy', unit), 'utf8');
        // neither node's place nor the user is that of every machine
        writeFileSync(
          join(folder, unit),
          text.replace('/usr/bin/node', process.execPath).replace('User=halfmq', 'User=root'),
        );
      }
      const { stdout, stderr, status } = spawnSync(
        'systemd-analyze',
        ['verify', ...readdirSync(folder).map((name) => join(folder, name))],
        { encoding: 'utf8' },
      );
      if (status !== 0 || stdout + stderr !== '') throw new Error(stdout + stderr);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
