/**
 * `npm run tarballs [-- FOLDER]`: the public packages as they are published, a .tgz each; `npm publish FILE` takes them.
 * What only this workspace needs stays behind: the export condition that leads to sources, development dependencies,
 * scripts, maps. The workspace's own manifests are not touched: tests that run meanwhile read them.
 */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {{ name: string, private?: boolean, exports?: Record<string, Record<string, string>>,
 *   scripts?: object, devDependencies?: object, files?: string[] }} Manifest
 */

const root = fileURLToPath(new URL('..', import.meta.url));

/** @returns {Map<string, Manifest>} manifest by folder */
function publicPackages() {
  /** @type {Map<string, Manifest>} */
  const found = new Map();
  for (const kind of ['libs', 'apps']) {
    for (const name of readdirSync(join(root, kind))) {
      const folder = join(root, kind, name);
      const manifest = /** @type {Manifest} */ (
        JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      );
      if (!manifest.private) found.set(folder, manifest);
    }
  }
  return found;
}

/** @param {Manifest} manifest */
function published({ scripts: _scripts, devDependencies: _development, ...manifest }) {
  for (const door of Object.values(manifest.exports ?? {})) delete door['halfmq:source'];
  return manifest;
}

/** Compiled files of which the source is gone, and the mention of maps that are not packed. @param {string} folder @param {string} to */
function cleaned(folder, to) {
  const dist = join(to, 'dist');
  for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const compiled = /^(.*?)(?:\.d\.ts|\.js)$/.exec(name)?.[1];
    if (compiled === undefined) continue;
    const file = join(dist, name);
    if (!existsSync(join(folder, 'src', `${compiled}.ts`))) rmSync(file);
    else writeFileSync(file, readFileSync(file, 'utf8').replace(/\n\/\/# sourceMappingURL=\S+\s*$/, '\n'));
  }
}

/** What a package lists and does not have itself, such as the templates of settings, lies in the project's folder. @param {string} folder @param {Manifest} manifest @param {string} to */
function stage(folder, manifest, to) {
  mkdirSync(to);
  const listed = manifest.files?.filter((name) => !name.startsWith('!')) ?? [];
  for (const name of [...listed, 'README.md', 'LICENSE']) {
    const from = existsSync(join(folder, name)) ? folder : root;
    cpSync(join(from, name), join(to, name), { recursive: true });
  }
  cleaned(folder, to);
  writeFileSync(join(to, 'package.json'), `${JSON.stringify(published(manifest), undefined, 2)}\n`);
}

const target = resolve(process.argv[2] ?? join(root, 'tarballs'));
const work = mkdtempSync(join(tmpdir(), 'halfmq-tarballs-'));
try {
  const stages = [...publicPackages()].map(([folder, manifest], number) => {
    const to = join(work, String(number));
    stage(folder, manifest, to);
    return to;
  });
  mkdirSync(target, { recursive: true });
  for (const old of readdirSync(target)) if (/^halfmq-.*\.tgz$/.test(old)) rmSync(join(target, old));
  execFileSync('npm', ['pack', '--silent', '--pack-destination', target, ...stages], { stdio: 'ignore' });
} finally {
  rmSync(work, { recursive: true, force: true });
}
for (const name of readdirSync(target).sort()) if (name.endsWith('.tgz')) console.log(join(target, name));
