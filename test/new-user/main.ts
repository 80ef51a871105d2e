import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { commandLine } from '../kit/command-line.js';
import { snippetsOf, type Snippet } from '../kit/docs-page.js';
import { freePort } from '../kit/ports.js';
import { PostgresServer } from '../kit/postgres.js';
import { pack } from '../kit/tarballs.js';
import { writeResult } from '../power/result.js';

const PAGE = 'docs/transactions.md';
const SECTION = 'From an empty folder';
/** Made in the first command of the page. */
const PROJECT = 'shop';
/** What a service that goes on says when it has done what the page promises. */
const DONE = 'placed ';
const LIMIT_MS = 600_000;

const HELP = `npm run new-user     follows docs/transactions.md word by word, from an empty folder to tests that pass and a service that has
                     sent, and says how long each step took. The project's packages are packed as they would be
                     published; all others come from the registry, so this needs the network

  --outputFile F   writes counts as jest does`;

const { values } = commandLine(HELP, { outputFile: { type: 'string' } });
const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** The page's packages, as files: one that is installed brings those of ours it needs. */
function filesOf(packed: ReadonlyMap<string, string>): Map<string, string> {
  const all = (...names: string[]): string => names.map((name) => packed.get(name) ?? name).join(' ');
  return new Map([
    ['@halfmq/transaction', all('@halfmq/transaction', '@halfmq/remoting')],
    ['@halfmq/testing', all('@halfmq/testing', '@halfmq/broker', '@halfmq/namesrv', '@halfmq/store')],
    ['npm install halfmq', `npm install ${all('halfmq')}`],
  ]);
}

/** Runs what a user would type. What goes on by itself is ended when it has said that it is done. */
async function type(commands: string, cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn('bash', ['-ec', commands], { cwd, env, detached: true });
  const goesOn = / &( |$)/m.test(commands);
  let said = '';
  const end = (): void => void (child.pid && process.kill(-child.pid, 'SIGKILL'));
  const limit = setTimeout(end, LIMIT_MS);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (goesOn && said.includes(DONE)) end();
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(limit);
  if (code !== 0 && !(goesOn && said.includes(DONE)))
    throw new Error(`${commands}\nended with ${code}:\n${said}`);
}

async function follow(snippets: readonly Snippet[], folder: string, url: string): Promise<void> {
  const packages = filesOf(pack(folder));
  const [namesrv, broker] = [await freePort(), await freePort()];
  const env = { ...process.env, HOME: folder, NAME_SERVERS: `127.0.0.1:${namesrv}` };
  const elsewhere = `halfmq dev --port ${namesrv} -o listenPort=${broker} -o httpPort=0`;
  for (const { file, language, code } of snippets) {
    if (file !== undefined) {
      const path = join(folder, PROJECT, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, code);
    } else if (language === 'sh') {
      let commands = code.replace(/DATABASE_URL=\S+/, `DATABASE_URL=${url}`).replace('halfmq dev', elsewhere);
      for (const [name, files] of packages) commands = commands.replace(name, files);
      const began = performance.now();
      await type(commands, commands.includes(`mkdir ${PROJECT}`) ? folder : join(folder, PROJECT), {
        ...env,
        DATABASE_URL: url,
      });
      print(
        `${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${code.trim().split('\n').join('\n        ')}`,
      );
    }
  }
}

async function main(): Promise<void> {
  const began = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'halfmq-new-user-'));
  const postgres = await PostgresServer.start();
  let good = false;
  try {
    await follow(snippetsOf(PAGE, SECTION), folder, await postgres.createDatabase('shop'));
    print(
      `${PAGE} was followed in ${((performance.now() - began) / 1000).toFixed(0)} s, reading not included`,
    );
    good = true;
  } catch (error) {
    print(`${PAGE} cannot be followed: ${(error as Error).message}`);
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  writeResult({ passed: Number(good), failed: Number(!good), skipped: 0 }, values.outputFile);
}

await main();
