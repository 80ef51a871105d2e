import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine } from '../kit/command-line.js';
import { root, snippetsOf } from '../kit/docs-page.js';
import { freePort } from '../kit/ports.js';
import { PostgresServer } from '../kit/postgres.js';
import { faultsOf, pack } from '../kit/tarballs.js';
import { keepOutput } from '../kit/tied-process.js';
import { until } from '../kit/until.js';
import { writeResult } from '../power/result.js';
import { Project } from './project.js';
import { outcome, print, promise } from './promises.js';
import { units } from './units.js';

const TYPESCRIPT = ['typescript@5.9.3', '@types/node@20.19.43'];
const BESIDE_NEST = [
  'pg@8.23.1',
  'reflect-metadata@0.2.2',
  'rxjs@7.8.2',
  'drizzle-orm@0.45.4',
  '@opentelemetry/api@1.9.1',
  'expect@30.5.2',
  '@types/pg@8.23.1',
];
const NEST = [
  ...['common', 'core', 'platform-express'].map((name) => `@nestjs/${name}@12.5.1`),
  '@nestjs/microservices@12.1.1',
  '@nestjs/typeorm@12.0.2',
  'typeorm@1.1.1',
  ...BESIDE_NEST,
];
/** The oldest that the packages say they work with. */
const OLDER_NEST = [
  ...['common', 'core', 'platform-express', 'microservices'].map((name) => `@nestjs/${name}@11.1.6`),
  '@nestjs/typeorm@11.0.0',
  'typeorm@0.3.20',
  ...BESIDE_NEST,
];
const DECORATORS = { experimentalDecorators: true, emitDecoratorMetadata: true };

const HELP = `npm run packages     packs the public packages, looks into each, installs them in empty projects, compiles and runs README's
                     examples there, on a broker that npx halfmq has started; needs the network for all others

  --keep   the projects, and says where they are`;

const { values } = commandLine(HELP, { outputFile: { type: 'string' }, keep: { type: 'boolean' } });

/** Each unpacked, with what is wrong in it. */
function look(name: string, file: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'halfmq-packages-look-'));
  try {
    execFileSync('tar', ['-xzf', file, '-C', folder]);
    return faultsOf(join(folder, 'package')).map((fault) => `${name}: ${fault}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function lookIntoAll(tarballs: ReadonlyMap<string, string>): void {
  const faults = [...tarballs].flatMap(([name, file]) => look(name, file));
  if (faults.length > 0) throw new Error(faults.join('\n'));
}

/** A warning is what somebody who publishes has to find out about. A dry run asks a registry nothing that it must know. */
function tryToPublish(files: Iterable<string>): void {
  const nowhere = ['--registry', 'http://127.0.0.1:9/', '--fetch-retries', '0'];
  for (const file of files) {
    const { stdout, stderr, status } = spawnSync(
      'npm',
      ['publish', '--dry-run', '--access', 'public', file, ...nowhere],
      { encoding: 'utf8' },
    );
    const warned = stderr.replace(/.*requires you to be logged in.*/g, '');
    if (status !== 0 || /npm (warn|error)/i.test(warned)) throw new Error(`${file}\n${stdout}${stderr}`);
  }
}

const code = (language: string): string =>
  new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(
    readFileSync(join(root, 'README.md'), 'utf8'),
  )?.[1] ?? '';

interface Platform {
  readonly nameServer: string;
  readonly http: string;
  end(): Promise<void>;
}

/** `npx halfmq dev`, as it is typed. */
async function startPlatform({ folder }: Project): Promise<Platform> {
  const [namesrv, broker, http] = [await freePort(), await freePort(), await freePort()];
  const ports = [
    '--port',
    `${namesrv}`,
    '-o',
    `listenPort=${broker}`,
    '-o',
    `httpPort=${http}`,
    '-o',
    'grpcServerPort=0',
  ];
  const child: ChildProcess = spawn(
    'npx',
    ['--no-install', 'halfmq', 'dev', '--store', 'messages', ...ports],
    {
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const said = keepOutput(child);
  const ended = once(child, 'close');
  await until('npx halfmq dev runs', () => {
    if (child.exitCode !== null) throw new Error(said());
    return said().includes('Ctrl-C stops it.');
  });
  return {
    nameServer: `127.0.0.1:${namesrv}`,
    http: `http://127.0.0.1:${http}`,
    async end() {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
      await ended;
    },
  };
}

/** Types of every door, also those README does not enter, read by a compiler that skips none of ours. */
function everyDoor(tarballs: ReadonlyMap<string, string>): string {
  const doors = [...tarballs].flatMap(([name, file]) => {
    const manifest = JSON.parse(
      execFileSync('tar', ['-xzOf', file, 'package/package.json'], { encoding: 'utf8' }),
    ) as { exports?: Record<string, unknown> };
    return Object.keys(manifest.exports ?? {}).map((door) => `${name}${door.slice(1)}`);
  });
  const imports = doors.map((door, number) => `import * as door${number} from '${door}';`);
  return [...imports, `export default [${doors.map((_, number) => `door${number}`).join(', ')}];`, ''].join(
    '\n',
  );
}

/** README's application, with what a reader adds: imports, and something that is done with it. */
function application({ nameServer }: Platform): string {
  const shown = code('typescript').replace('127.0.0.1:9876', nameServer);
  return [
    "import 'reflect-metadata';",
    "import { Module } from '@nestjs/common';",
    "import { NestFactory } from '@nestjs/core';",
    "import { TypeOrmModule } from '@nestjs/typeorm';",
    "import { placeOne } from './after-readme.js';",
    "import { OrderRow, Orders, Stock } from './readme-example.js';",
    shown,
    'await placeOne(app);',
    '',
  ].join('\n');
}

async function nestProject(project: Project, platform: Platform, databaseUrl: string): Promise<void> {
  const after = readFileSync(join(root, 'test/packages/nest/after-readme.ts'), 'utf8');
  project.write('src/after-readme.ts', after.replace('../../e2e/', './'));
  project.copy(join(root, 'test/e2e/readme-example.ts'));
  project.write('src/main.ts', application(platform));
  await project.say('npx', ['--no-install', 'tsc']);
  await project.say(process.execPath, ['dist/main.js'], { DATABASE_URL: databaseUrl });
}

async function doors(project: Project, tarballs: ReadonlyMap<string, string>): Promise<void> {
  project.write('src/doors.ts', everyDoor(tarballs));
  const all = await project
    .say('npx', ['--no-install', 'tsc', '--noEmit', '--skipLibCheck', 'false', '--pretty', 'false'])
    .catch((error: Error) => error.message);
  const ours = all.split('\n').filter((line) => /^(src|node_modules\/@halfmq)\//.test(line));
  if (ours.length > 0) throw new Error(ours.join('\n'));
}

/** A broker inside the project's process, whatever Nest the project has; compiled as the project's type says. */
async function testBroker(project: Project, type: 'module' | 'commonjs'): Promise<void> {
  await project.say('npm', ['pkg', 'set', `type=${type}`]);
  project.copy(join(root, 'test/packages/nest/test-broker.ts'));
  const only = { extends: './tsconfig.json', include: ['src/test-broker.ts'] };
  project.write('tsconfig.only.json', JSON.stringify(only));
  await project.say('npx', ['--no-install', 'tsc', '-p', 'tsconfig.only.json']);
  await project.say(process.execPath, ['dist/test-broker.js']);
}

async function plainProject(project: Project, { nameServer, http }: Platform): Promise<void> {
  project.copy(join(root, 'test/packages/plain/main.ts'));
  const curl = /^curl .*?(?=^```)/ms.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[0] ?? 'false';
  await project.say('sh', ['-ec', curl.replace('http://127.0.0.1:8080', http)]);
  await project.say('npx', ['--no-install', 'tsc']);
  await project.say(process.execPath, ['dist/main.js'], { NAME_SERVERS: nameServer });
  await project.say(process.execPath, [
    '--input-type=commonjs',
    '-e',
    "require('@halfmq/transaction').HalfmqClient.name",
  ]);
}

/** From an empty folder, with the packages the page names. */
async function gettingStarted(project: Project, { nameServer }: Platform): Promise<void> {
  for (const { file, code } of snippetsOf('docs/getting-started.md')) {
    if (file !== undefined) project.write(file, code);
  }
  await project.say('npx', ['--no-install', 'tsc']);
  const env = { NAME_SERVERS: nameServer };
  await project.say('npx', ['--no-install', 'halfmq', 'send', 'greetings', 'hello', '-n', nameServer]);
  await project.runUntil('dist/greet.js', env, /heard hello/);
  await project.runUntil('dist/main.js', env, /placed /, /reserved tea for /);
}

/** What the page tells to install, the project's own as files. */
function namedOnPage(tarballs: ReadonlyMap<string, string>): string[] {
  const typed = snippetsOf('docs/getting-started.md').flatMap(({ code }) =>
    [...code.matchAll(/npm install (.*)/g)].flatMap(([, names = '']) => names.split(' ')),
  );
  return typed.filter((name) => !name.startsWith('--')).map((name) => tarballs.get(name) ?? name);
}

async function projects(tarballs: ReadonlyMap<string, string>, begun: Project[]): Promise<void> {
  const begin = (name: string, options = {}): Project => {
    const project = Project.begin(name, options);
    begun.push(project);
    return project;
  };
  const [server, plain, nest] = [begin('server'), begin('plain'), begin('nest', DECORATORS)];
  const [older, started] = [begin('older', DECORATORS), begin('started')];
  const files = (...names: string[]): string[] => names.map((name) => tarballs.get(name) ?? name);
  const client = files('@halfmq/transaction', '@halfmq/remoting');
  const broker = files('@halfmq/broker', '@halfmq/namesrv', '@halfmq/proxy', '@halfmq/store');
  await promise('npm install, in five empty folders', () =>
    Promise.all([
      server.install(...client, ...broker, ...files('halfmq')),
      plain.install(...client, ...TYPESCRIPT),
      nest.install(...client, ...broker, ...files('@halfmq/testing'), ...NEST, ...TYPESCRIPT),
      older.install(...client, ...broker, ...files('@halfmq/testing'), ...OLDER_NEST, ...TYPESCRIPT),
      started.install(...client, ...broker, ...namedOnPage(tarballs)),
    ]),
  );
  const postgres = await PostgresServer.start();
  const platform = await promise('npx halfmq dev', () => startPlatform(server));
  try {
    if (platform === undefined) return;
    for (const [project, versions] of [
      [nest, 'Nest 12 and TypeORM 1'],
      [older, 'Nest 11 and TypeORM 0.3'],
    ] as const) {
      const url = await postgres.createDatabase(versions);
      await promise(`README's application compiles and takes one from stock, with ${versions}`, () =>
        nestProject(project, platform, url),
      );
      await promise(`every door has types for a strict compiler, with ${versions}`, () =>
        doors(project, tarballs),
      );
      for (const type of ['module', 'commonjs'] as const)
        await promise(`a test broker (${type}), with ${versions}`, () => testBroker(project, type));
    }
    await promise("README's curl and a program without Nest", () => plainProject(plain, platform));
    await promise('docs/getting-started.md, from an empty folder', () => gettingStarted(started, platform));
  } finally {
    await platform?.end();
    await postgres.stop();
  }
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'halfmq-packages-'));
  const begun: Project[] = [];
  try {
    const tarballs = await promise('npm run tarballs', () => pack(folder));
    if (tarballs === undefined) return;
    await promise('every tarball holds what it should and nothing else', () => lookIntoAll(tarballs));
    await promise('npm publish --dry-run, of each', () => tryToPublish(tarballs.values()));
    await units();
    await projects(tarballs, begun);
  } finally {
    if (values.keep) print(begun.map((project) => project.folder).join('\n'));
    else for (const project of begun) project.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
print(`${outcome.passed} kept, ${outcome.failed} broken`);
writeResult(outcome, values.outputFile);
