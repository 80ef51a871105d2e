import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { snippetsOf, strangers } from '../kit/docs-page.js';
import { freePort } from '../kit/ports.js';
import { HALFMQ, HalfmqProcess } from '../kit/process.js';
import { keepOutput } from '../kit/tied-process.js';
import { until } from '../kit/until.js';

jest.setTimeout(60_000);

const PAGE = 'docs/getting-started.md';
const DIST = fileURLToPath(new URL('../dist/e2e/getting-started-page/src', import.meta.url));

describe('docs/getting-started.md', () => {
  let folder: string;
  let platform: HalfmqProcess;
  let ports: { namesrv: number; broker: number; http: number };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halfmq-started-'));
    ports = { namesrv: await freePort(), broker: await freePort(), http: await freePort() };
    const elsewhere = ['--port', `${ports.namesrv}`, '-o', `listenPort=${ports.broker}`];
    const typed = commandWith('halfmq dev')
      .replace('./messages', join(folder, 'messages'))
      .split(' ')
      .slice(2);
    platform = new HalfmqProcess(
      [...typed, ...elsewhere, '-o', `httpPort=${ports.http}`, '-o', 'grpcServerPort=0'],
      /Ctrl-C stops it/,
    );
    await platform.start();
  });
  afterAll(async () => {
    await platform?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const commandWith = (words: string): string =>
    snippetsOf(PAGE)
      .filter(({ language }) => language === 'sh')
      .find(({ code }) => code.includes(words))
      ?.code.trim() ?? 'false';

  /** As it is typed, on this platform; until it has said what is waited for. */
  async function type(command: string, ...waited: readonly RegExp[]): Promise<string> {
    const env = { ...process.env, NO_PROXY: '*', NAME_SERVERS: `127.0.0.1:${ports.namesrv}` };
    const here = command
      .replace('npx tsc && node dist', `exec ${process.execPath} ${DIST}`)
      .replace('npx halfmq send', `${HALFMQ.join(' ')} send -n ${env.NAME_SERVERS}`)
      .replace('127.0.0.1:8080', `127.0.0.1:${ports.http}`);
    const child = spawn('sh', ['-ec', here], { cwd: folder, env });
    const said = keepOutput(child);
    await until(`${command} says ${waited.join()}`, () => {
      if (waited.every((words) => words.test(said()))) return true;
      if (child.exitCode !== null) throw new Error(`${here} ended:\n${said()}`);
      return false;
    });
    child.kill('SIGINT');
    await until(`${command} ends`, () => child.exitCode !== null || child.signalCode !== null);
    return said();
  }

  it('shows code that is compiled and run', () => {
    expect(strangers(PAGE, 'test/e2e/getting-started-page')).toEqual([]);
  });

  it('sends by command and by curl, and its handler hears both', async () => {
    await type(commandWith('halfmq send'), /stored in greetings/);
    await type(commandWith('curl'), /"messageId"/);
    await type(commandWith('greet.js'), /heard hello\n/, /heard "?hello from curl/);
  });

  it('places an order and reserves it', async () => {
    await type(commandWith('main.js'), /placed \S+/, /reserved tea for/);
  });
});
