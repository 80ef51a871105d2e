import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { keepOutput } from '../kit/tied-process.js';
import { until } from '../kit/until.js';

const run = promisify(execFile);
/** A first install without anything cached takes its time. */
const LIMIT_MS = 300_000;

/** What this run was told by npm is nothing to the projects it makes. */
const outside = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD$|NODE_OPTIONS$)/.test(name)),
  );

/** A folder outside of the workspace, as a user begins: `npm init`, `npm install`, a tsconfig. */
export class Project {
  private constructor(readonly folder: string) {}

  static begin(name: string, options: Readonly<Record<string, unknown>> = {}): Project {
    const folder = mkdtempSync(join(tmpdir(), `halfmq-packages-${name}-`));
    const project = new Project(folder);
    project.write('package.json', JSON.stringify({ name, version: '1.0.0', type: 'module', private: true }));
    project.write(
      'tsconfig.json',
      JSON.stringify({ compilerOptions: { ...COMPILER, ...options }, include: ['src'] }),
    );
    mkdirSync(join(folder, 'src'));
    return project;
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  copy(file: string, to = join('src', basename(file))): void {
    copyFileSync(file, join(this.folder, to));
  }

  install(...packages: readonly string[]): Promise<string> {
    return this.say('npm', [
      'install',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      '--loglevel=error',
      ...packages,
    ]);
  }

  /** @throws Error with what the command said */
  async say(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const options = { cwd: this.folder, env: { ...outside(), ...env }, timeout: LIMIT_MS };
    try {
      return (await run(command, args, options)).stdout;
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`${command} ${args.join(' ')}: ${String(error)}\n${stdout}\n${stderr}`, {
        cause: error,
      });
    }
  }

  /** A program that goes on by itself, ended by Ctrl-C when it has said all of that. */
  async runUntil(script: string, env: NodeJS.ProcessEnv, ...words: readonly RegExp[]): Promise<void> {
    const child = spawn(process.execPath, [script], { cwd: this.folder, env: { ...outside(), ...env } });
    const said = keepOutput(child);
    const ended = once(child, 'close');
    try {
      await until(`${script} says ${words.join()}`, () => {
        if (child.exitCode !== null) throw new Error(said());
        return words.every((one) => one.test(said()));
      });
    } finally {
      child.kill('SIGINT');
      await ended;
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const COMPILER = {
  target: 'es2022',
  lib: ['es2022', 'esnext.disposable'],
  types: ['node'],
  module: 'nodenext',
  rootDir: 'src',
  outDir: 'dist',
  strict: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
};
