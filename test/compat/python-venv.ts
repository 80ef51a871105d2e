import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { run } from './java-clients.js';
import { isHere, type Toolchain } from './toolchains.js';

const PROJECT = fileURLToPath(new URL('python/', import.meta.url));
const PYTHON: Toolchain = {
  needs: 'suites of official Python clients, which need Python 3.9 to 3.13 with venv',
  commands: [['python3', '-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))']],
};

/** Whether this machine can run Python suites. @throws Error on a machine of CI that cannot */
export const pythonIsHere = (): boolean => isHere(PYTHON);

/** An environment of its own for each client: the official ones are all called `rocketmq`. */
export class PythonVenv {
  private readonly folder: string;
  private readonly requirements: string;

  /** @param name of its list of requirements, NAME-requirements.txt */
  constructor(name: string) {
    this.folder = `${PROJECT}target/${name}`;
    this.requirements = `${PROJECT}${name}-requirements.txt`;
  }

  /** Installs what is required, unless just that was done before. */
  async prepare(): Promise<void> {
    const installed = `${this.folder}/installed.txt`;
    const wanted = await readFile(this.requirements, 'utf8');
    if (existsSync(installed) && (await readFile(installed, 'utf8')) === wanted) return;
    await rm(this.folder, { recursive: true, force: true });
    await mkdir(`${PROJECT}target`, { recursive: true });
    await run('python3', ['-m', 'venv', this.folder]);
    await run(`${this.folder}/bin/pip`, [
      'install',
      '--quiet',
      '--only-binary',
      ':all:',
      '-r',
      this.requirements,
    ]);
    await copyFile(this.requirements, installed);
  }

  /** The program's last lines; rejects with them when it fails. */
  run(program: string, args: readonly string[]): Promise<string[]> {
    // the clients write their logs there
    const env = { HOME: this.folder, PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' };
    return run(`${this.folder}/bin/python`, [`${PROJECT}${program}`, ...args], { env });
  }
}
