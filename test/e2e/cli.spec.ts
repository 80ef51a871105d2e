import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { halfmq } from '../kit/command.js';
import { takenPorts } from '../kit/left-behind.js';
import { freePort } from '../kit/ports.js';
import { HalfmqProcess } from '../kit/process.js';
import { until } from '../kit/until.js';

jest.setTimeout(60_000);

const COMMANDS = ['dev', 'namesrv', 'broker', 'proxy', 'shop', 'send', 'store', 'tx'];

describe('halfmq, asked for help', () => {
  it.each(COMMANDS)('shows options and examples of %s', async (command) => {
    const { code, out } = await halfmq([command, '--help']);
    expect(code).toBe(0);
    expect(out).toContain(`Usage: halfmq ${command}`);
    expect(out).toMatch(new RegExp(`Examples:\\n  \\$ .*halfmq ${command}`));
  });

  it('lists every command, and its version', async () => {
    const { code, out } = await halfmq(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(out).toMatch(new RegExp(`^  ${command} `, 'm'));
    expect((await halfmq(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('loads neither Nest nor LMDB for it', async () => {
    const { err } = await halfmq(['--help'], { env: { NODE_DEBUG: 'esm' } });
    expect(err).toMatch(/node_modules\/commander/);
    expect(err).not.toMatch(/node_modules\/(@nestjs|lmdb|@halfmq)/);
  });
});

describe('halfmq, called wrongly', () => {
  const says = async (args: string[], words: RegExp): Promise<void> => {
    const { code, out, err } = await halfmq(args);
    expect(err).toMatch(words);
    expect(err).not.toMatch(/^\s+at /m);
    expect(out).toBe('');
    expect(code).toBe(1);
  };

  it('names an unknown option, what was meant, and where help is', async () => {
    await says(
      ['namesrv', '--prot', '1'],
      /unknown option '--prot'\n.*Did you mean --port.*\n+\(halfmq namesrv --help/,
    );
  });

  it('names an unknown command', () => says(['brokr'], /unknown command 'brokr'\n.*Did you mean broker/));

  it('names a missing argument', () => says(['send', 'orders'], /missing required argument 'body'/));

  it('wants name=value', () => says(['broker', '-o', 'listenPort'], /expected name=value/));

  it('names a wrong setting and the nearest one', async () => {
    await says(
      ['namesrv', '-o', 'listenPrt=1'],
      /^halfmq: option: no setting is named 'listenPrt'; did you mean listenPort\?\n$/,
    );
    await says(
      ['broker', '-o', 'listenPort=many'],
      /^halfmq: option: listenPort is 'many', expected a port .*\n$/,
    );
  });

  it('names file and line of a wrong setting', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'halfmq-test-'));
    try {
      const file = join(folder, 'broker.conf');
      await writeFile(file, '# a comment\nbrokerName=a\nflushDiskType=FAST\n');
      await says(
        ['broker', '-c', file],
        /^halfmq: .*broker\.conf:3: flushDiskType is 'FAST', expected .*\n$/,
      );
      await says(['namesrv', '-c', join(folder, 'none')], /none: cannot be read \(ENOENT\)\n$/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('halfmq -p', () => {
  it.each(['broker', 'namesrv'])(
    'prints the settings of the %s with their sources, and ends',
    async (command) => {
      const { code, out } = await halfmq([command, '-p', '-o', 'listenPort=4711']);
      expect(code).toBe(0);
      expect(out).toMatch(/^listenPort=4711\s+# option$/m);
      expect(out).toMatch(/^bindAddress=0\.0\.0\.0\s+# default$/m);
    },
  );
});

describe('halfmq namesrv', () => {
  let taken: Server | undefined;
  afterEach(() => new Promise<void>((resolve) => (taken ? taken.close(() => resolve()) : resolve())));

  it('says "boot success", and on SIGTERM leaves nothing behind', async () => {
    const port = await freePort();
    const namesrv = new HalfmqProcess(['namesrv', '--port', String(port)]);
    await namesrv.start();
    expect(namesrv.log).toContain(
      `The Name Server boot success. serializeType=JSON, address 0.0.0.0:${port}\n`,
    );
    await namesrv.stop();
    expect(await takenPorts([port])).toEqual([]);
  });

  it('ends with 0 on Ctrl-C too', async () => {
    const namesrv = new HalfmqProcess(['namesrv', '--port', '0']);
    await namesrv.start();
    await namesrv.end('SIGINT');
    expect(namesrv.exitCode).toBe(0);
  });

  it('names port, asker and option when the port is taken', async () => {
    const server = createServer();
    taken = server;
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', () => resolve()));
    const { port } = server.address() as AddressInfo;
    const { code, err } = await halfmq(['namesrv', '--port', String(port)]);
    expect(err).toMatch(new RegExp(`^halfmq: port ${port} .*is taken.*name server.*listenPort.*\\n$`));
    expect(code).toBe(1);
  });
});

describe('a server of halfmq that is slow to stop', () => {
  const SLOW = `
    import { serve } from ${JSON.stringify(new URL('../../apps/cli/dist/serve.js', import.meta.url).href)};
    setInterval(() => undefined, 1000);
    await serve(async () => {
      console.log('boot success');
      return { close: () => new Promise((resolve) => process.once('SIGUSR2', resolve)) };
    });`;

  it.each([
    ['is waited for after one Ctrl-C, and ends with 0', 'SIGUSR2', 0],
    ['ends at once on the second Ctrl-C, with 130', 'SIGINT', 130],
  ] as const)('%s', async (_, second, code) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', SLOW], { stdio: 'pipe' });
    let output = '';
    const take = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const ended = once(child, 'exit');
    await until('it runs', () => output.includes('boot success'));
    child.kill('SIGINT');
    await until('the first was heard', () => output.includes('stopping'));
    child.kill(second);
    expect((await ended)[0]).toBe(code);
  });
});

describe('halfmq send', () => {
  it('says in one line that no name server answers', async () => {
    const nameServer = `127.0.0.1:${await freePort()}`;
    const { code, out, err } = await halfmq(['send', 'orders', 'x', '-n', nameServer]);
    expect(err).toMatch(/^halfmq: .*\n$/);
    expect(err).toContain(nameServer);
    expect(out).toBe('');
    expect(code).toBe(1);
  });
});
