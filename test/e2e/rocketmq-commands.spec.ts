import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { resolveSettings } from '@halfmq/broker';
import { binOf, type Ended, halfmq, rocketmqCommand, rocketmqInTurn } from '../kit/command.js';
import { root } from '../kit/docs-page.js';
import { freePort } from '../kit/ports.js';
import { HalfmqProcess } from '../kit/process.js';
import { until } from '../kit/until.js';

jest.setTimeout(60_000);

/** As it lies on many a machine: RocketMQ 4's own names, pools of the JVM, files that are not there any more. */
const OF_RELEASE_4 = `
brokerClusterName = DefaultCluster
brokerName = broker-old
brokerId = 0
brokerRole = ASYNC_MASTER
flushDiskType = ASYNC_FLUSH
deleteWhen = 04
fileReservedTime = 120
defaultTopicQueueNums=4
autoCreateTopicEnable=true
autoCreateSubscriptionGroup=true
sendMessageThreadPoolNums=128
pullMessageThreadPoolNums=128
mapedFileSizeCommitLog=1073741824
mapedFileSizeConsumeQueue=300000
diskMaxUsedSpaceRatio=88
haListenPort=10912
storePathConsumeQueue=/data/store/consumequeue
storePathIndex=/data/store/index
storeCheckpoint=/data/store/checkpoint
abortFile=/data/store/abort
maxMessageSize=65536
checkTransactionMessageEnable=false
useReentrantLockWhenPutMessage=true
`;

let home: string;
const run = (name: string, ...args: string[]): Promise<Ended> => rocketmqCommand(name, args, { HOME: home });
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'halfmq-home-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(home, name), text);
  return join(home, name);
};
const noted = (): string[] => readdirSync(join(home, '.halfmq', 'run'));

describe("RocketMQ's commands", () => {
  const running: HalfmqProcess[] = [];
  const start = async (name: string, ...args: string[]): Promise<HalfmqProcess> => {
    const one = new HalfmqProcess(args, /boot success/, { HOME: home }, binOf(name));
    running.push(one);
    await one.start();
    return one;
  };
  afterEach(async () => {
    for (const one of running.splice(0)) await one.kill();
  });

  it('start a name server and a broker with a 4.x broker.conf, say "boot success", and end them in order', async () => {
    const [namesrvPort, port] = [await freePort(), await freePort()];
    const namesrv = await start('mqnamesrv', '-c', file('namesrv.properties', `listenPort=${namesrvPort}\n`));
    const conf = file('broker.conf', OF_RELEASE_4);
    const address = `127.0.0.1:${namesrvPort}`;
    const settings = [`listenPort=${port}`, 'httpPort=0', 'grpcServerPort=0', '--enable-proxy'];
    const broker = await start('mqbroker', '-n', address, '-c', conf, ...settings);
    expect(namesrv.log).toContain('The Name Server boot success. serializeType=JSON');
    expect(broker.log).toMatch(
      new RegExp(`The broker\\[broker-old, .*:${port}\\] boot success.*name server is ${address}`),
    );
    expect(broker.log).toContain(
      '--enable-proxy: no proxy is started, gRPC clients connect to the broker itself',
    );
    // one line for all that is left aside
    expect(broker.log.match(/were left aside: .*/g)).toEqual([
      expect.stringMatching(/sendMessageThreadPoolNums.*storeCheckpoint.*checkTransactionMessageEnable/),
    ]);

    const { code, out } = await run('mqshutdown', 'broker');
    expect(out).toBe(
      `The mqbroker(${broker.pid}) is running...\nSend shutdown request to mqbroker(${broker.pid}) OK\n`,
    );
    expect(code).toBe(0);
    expect([broker.running, broker.exitCode, namesrv.running]).toEqual([false, 0, true]);
    expect((await run('mqshutdown', 'namesrv')).code).toBe(0);
    await until('it has ended', () => !namesrv.running);
    expect(noted()).toEqual([]);
  });

  it('end nothing they have not started, nor whoever has the process id of one that was killed', async () => {
    const other = new HalfmqProcess(['namesrv', '--port', '0'], /boot success/, { HOME: home });
    running.push(other);
    await other.start();
    const mine = await start('mqnamesrv', '-c', file('n.properties', 'listenPort=0\n'));
    const [name = ''] = noted();
    await mine.kill();
    const left = readFileSync(join(home, '.halfmq', 'run', name), 'utf8');
    const reused = left.replace(`"pid":${mine.pid}`, `"pid":${other.pid}`);
    expect(reused).not.toBe(left);
    writeFileSync(join(home, '.halfmq', 'run', `namesrv-${other.pid}.json`), reused);
    writeFileSync(join(home, '.halfmq', 'run', 'namesrv-7.json'), '{"pid":');

    const { code, out, err } = await run('mqshutdown', 'namesrv');
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^mqshutdown: No mqnamesrv running\. .*\n$/);
    expect(other.running).toBe(true);
    expect(noted()).toEqual([]);
    await other.stop();
  });

  it('say what is not there, and where help is', async () => {
    const all = await rocketmqInTurn([
      ['mqshutdown', 'proxy'],
      ['mqshutdown'],
      ['mqbroker', 'broker.conf'],
      ['mqbroker', '-c', 'nowhere.conf'],
      ['mqnamesrv', '-x'],
    ]);
    expect(all.map(({ code, out }) => [code, out])).toEqual(all.map(() => [1, '']));
    expect(all.map(({ err }) => err)).toEqual([
      expect.stringMatching(/^no proxy runs .*mqshutdown broker, or mqshutdown namesrv$/),
      expect.stringMatching(/missing required argument 'what'/),
      expect.stringMatching(/expected an option, or a setting as name=value/),
      expect.stringMatching(/^nowhere\.conf: cannot be read \(ENOENT\)$/),
      expect.stringMatching(/unknown option '-x'\n+\(mqnamesrv --help/),
    ]);
  });

  it('show their options', async () => {
    const names = ['mqnamesrv', 'mqbroker', 'mqshutdown'];
    const all = await rocketmqInTurn(names.map((name) => [name, '-h']));
    expect(all.map(({ out }) => /^Usage: (\S+) /.exec(out)?.[1])).toEqual(names);
    for (const { out } of all.slice(0, 2))
      for (const option of ['-n', '-c', '-p', '-h']) expect(out).toContain(`  ${option}, --`);
  });

  it('print all settings with -p, the important ones with -m', async () => {
    const [all, important] = await rocketmqInTurn([
      ['mqbroker', '-p'],
      ['mqbroker', '-m'],
    ]);
    expect(all?.out).toMatch(/^maxTopicLength=127 /m);
    const names = important?.out
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0]);
    expect(names).toEqual(
      expect.arrayContaining([
        'namesrvAddr',
        'brokerName',
        'listenPort',
        'storePathRootDir',
        'flushDiskType',
      ]),
    );
    expect(names).not.toContain('maxTopicLength');
    expect([all?.code, important?.code]).toEqual([0, 0]);
  });
});

describe('the templates', () => {
  const FILES = ['broker.conf', '2m-noslave/broker-a.properties', '2m-noslave/broker-b.properties'];

  it.each(FILES)('%s sets what the broker knows, and leaves nothing aside', (name) => {
    const { notes, config } = resolveSettings({ env: {}, configFile: join(root, 'conf', name) });
    expect(notes.filter((note) => note.includes('left aside'))).toEqual([]);
    expect(config).toMatchObject({ brokerRole: 'ASYNC_MASTER', fileReservedTime: 48, deleteWhen: '04' });
  });

  it('of two masters share neither name, port nor folder', () => {
    const [a, b] = FILES.slice(1).map(
      (name) => resolveSettings({ env: {}, configFile: join(root, 'conf', name) }).config,
    );
    for (const setting of [
      'brokerName',
      'listenPort',
      'httpPort',
      'grpcServerPort',
      'storePathRootDir',
    ] as const) {
      expect(a?.[setting]).not.toBe(b?.[setting]);
    }
  });
});

describe('the log of a server', () => {
  const start = (...args: string[]): HalfmqProcess =>
    new HalfmqProcess(['namesrv', '--port', '0', '--log', ...args], /boot success/, {
      HALFMQ_LOG_LEVEL: 'debug',
    });
  /** Has something to say at its start. */
  const UNUSED = ['-o', 'clusterTest=true'];

  it('is documents on standard error', async () => {
    const namesrv = start('json', ...UNUSED);
    await namesrv.start();
    await namesrv.stop();
    const [line = ''] = namesrv.log.split('\n').filter((one) => one.startsWith('{'));
    expect(JSON.parse(line)).toMatchObject({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      msg: expect.stringContaining('clusterTest'),
    });
  });

  it('goes into a file, whole when the server has ended', async () => {
    const log = join(home, 'logs', 'namesrv.log');
    const namesrv = start(log, ...UNUSED);
    await namesrv.start();
    await namesrv.stop();
    expect(JSON.parse(readFileSync(log, 'utf8').split('\n')[0] ?? '')).toMatchObject({ level: 'warn' });
    expect(namesrv.log).not.toContain('clusterTest');
  });

  it('that cannot be written stops the start with one line', async () => {
    mkdirSync(join(home, 'taken'));
    const { code, err } = await halfmq(['namesrv', '--port', '0', '--log', join(home, 'taken')]);
    expect(err).toMatch(/^halfmq: the log .*taken cannot be written \(.*\): name another with --log\n$/);
    expect(code).toBe(1);
  });
});
