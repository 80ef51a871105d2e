import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MODES, type Mode } from './messages.js';

/** The shop's mode, which survives restarts of the supervisor where the folder does. */
export class ModeFile {
  private readonly path: string;
  mode: Mode;

  constructor(folder: string) {
    this.path = join(folder, 'mode');
    const text = existsSync(this.path) ? readFileSync(this.path, 'utf8').trim() : '';
    this.mode = MODES.find((mode) => mode === text) ?? 'transactional';
  }

  set(mode: Mode): void {
    // Renamed in: a supervisor killed between two writes finds the old word or the new one, never half of one.
    writeFileSync(`${this.path}.new`, mode);
    renameSync(`${this.path}.new`, this.path);
    this.mode = mode;
  }
}
