import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atExit } from './at-exit.js';
import { THIS_VERSION, type Version } from './servers.js';

const WORKSPACES = '@halfmq';

/** Another version, built in a folder of its own, which `remove` takes away. */
export interface Checkout extends Version {
  remove(): void;
}

/** @param ref anything git knows: a tag, a branch, a commit, HEAD~3 */
export function checkOut(ref: string): Checkout {
  const { root } = THIS_VERSION;
  const commit = git(root, 'rev-parse', '--short', `${ref}^{commit}`);
  const tree = join(mkdtempSync(join(tmpdir(), 'halfmq-against-')), commit);
  const remove = (): void => {
    forget();
    git(root, 'worktree', 'remove', '--force', tree);
    rmSync(join(tree, '..'), { recursive: true, force: true });
  };
  const forget = atExit(remove);
  git(root, 'worktree', 'add', '--quiet', '--detach', tree, commit);
  try {
    if (sameFile(join(root, 'package-lock.json'), join(tree, 'package-lock.json'))) linkPackages(root, tree);
    else execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--silent'], { cwd: tree, stdio: 'inherit' });
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: tree, stdio: 'inherit' });
  } catch (error) {
    remove();
    throw error;
  }
  return { name: commit, root: tree, remove };
}

/**
 * The same lock file means the same packages: they are linked one by one, and only our own, which are links into a
 * checkout, are linked anew into that one.
 */
function linkPackages(root: string, tree: string): void {
  const [from, to] = [join(root, 'node_modules'), join(tree, 'node_modules')];
  mkdirSync(join(to, WORKSPACES), { recursive: true });
  for (const name of readdirSync(from))
    if (name !== WORKSPACES) symlinkSync(join(from, name), join(to, name));
  for (const name of readdirSync(join(from, WORKSPACES))) {
    symlinkSync(readlinkSync(join(from, WORKSPACES, name)), join(to, WORKSPACES, name));
  }
  const workspaces = ['libs', 'apps'].flatMap((folder) =>
    readdirSync(join(tree, folder)).map((name) => join(folder, name)),
  );
  for (const workspace of [...workspaces, 'test']) {
    const own = join(root, workspace, 'node_modules');
    if (existsSync(own)) symlinkSync(own, join(tree, workspace, 'node_modules'));
  }
}

function sameFile(one: string, other: string): boolean {
  return existsSync(other) && readFileSync(one).equals(readFileSync(other));
}

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd, encoding: 'utf8' }).trim();
}
