import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigError, printSettings } from '@halfmq/remoting/settings';
import { ACCEPTED_NAMES, LEGACY_NAMES } from './accepted-names.js';
import type { HostFacts } from './host-facts.js';
import { delayLevelsMs, resolveSettings, type ConfigOptions } from './resolve-config.js';
import { SETTINGS } from './settings.js';

const HOST: HostFacts = {
  hostName: 'box',
  home: '/home/me',
  addresses: ['10.0.0.5', '192.168.7.1'],
  env: {},
};
const fixture = (name: string): string => new URL(`fixtures/${name}.properties`, import.meta.url).pathname;
const resolve = (options: ConfigOptions) => resolveSettings({ env: {}, ...options }, HOST);
const errorOf = (options: ConfigOptions): ConfigError => {
  try {
    resolve(options);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('started');
};

describe('settings', () => {
  let folder: string;
  const file = (text: string): string => {
    const path = join(folder, 'broker.conf');
    writeFileSync(path, text);
    return path;
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'halfmq-config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  describe('where nothing is set', () => {
    it("are RocketMQ's defaults", () => {
      expect(resolve({}).config).toMatchObject({
        brokerClusterName: 'DefaultCluster',
        brokerName: 'box',
        brokerIP1: '10.0.0.5',
        listenPort: 10911,
        transactionTimeOut: 6_000,
        transactionCheckMax: 15,
        transactionCheckInterval: 30_000,
        flushDiskType: 'ASYNC_FLUSH',
        fileReservedTime: 72,
        httpPort: 8080,
        storePathRootDir: '/home/me/.halfmq/store',
      });
    });

    it('say which address clients are told, and which others there are', () => {
      expect(resolve({}).notes).toEqual([
        'brokerIP1 is not set: clients are told 10.0.0.5, the first address found (others are 192.168.7.1)',
      ]);
      expect(resolve({ properties: { brokerIP1: '192.168.7.1' } }).notes).toEqual([]);
    });

    it('advertise loopback on a machine without an address', () => {
      expect(resolveSettings({ env: {} }, { ...HOST, addresses: [] }).config.brokerIP1).toBe('127.0.0.1');
    });

    it('take the name servers from NAMESRV_ADDR, as RocketMQ does', () => {
      const host = { ...HOST, env: { NAMESRV_ADDR: 'ns1:9876;ns2:9876' } };
      expect(resolveSettings({ env: {} }, host).config.namesrvAddr).toBe('ns1:9876;ns2:9876');
    });
  });

  describe('files as people use them', () => {
    it.each(['two-masters-a', 'two-masters-b'])('%s starts', (name) => {
      const { config } = resolve({ configFile: fixture(name) });
      expect(config).toMatchObject({
        brokerName: `broker-${name.at(-1)}`,
        brokerId: 0,
        fileReservedTime: 48,
      });
    });

    it('a much copied one: comments in Chinese, trailing blanks, names of three releases', () => {
      const { config, notes } = resolve({ configFile: fixture('copied-from-a-blog') });
      expect(config).toMatchObject({
        brokerName: 'broker-a',
        namesrvAddr: 'rocketmq-nameserver1:9876;rocketmq-nameserver2:9876',
        fileReservedTime: 120,
        flushDiskType: 'SYNC_FLUSH',
        maxMessageSize: 65_536,
        storePathCommitLog: '/usr/local/rocketmq/store/commitlog',
      });
      const [aside = '', ...rest] = notes.filter((note) => note.includes('left aside'));
      expect(rest).toEqual([]);
      for (const name of [...LEGACY_NAMES, 'sendMessageThreadPoolNums']) {
        expect(aside).toContain(name);
      }
    });

    it('what asks for a second copy does not start, and hears why', () => {
      expect(errorOf({ configFile: fixture('master-with-slave') }).message).toMatch(
        /master-with-slave\.properties:6: brokerRole=SYNC_MASTER cannot be honoured: .*no replicas/,
      );
      expect(errorOf({ configFile: fixture('slave') }).message).toMatch(
        /slave\.properties:3: brokerId=1 cannot/,
      );
      expect(errorOf({ properties: { enableDLegerCommitLog: 'true' } }).message).toMatch(/no replicas/);
      expect(resolve({ properties: { enableDLegerCommitLog: 'false' } }).notes[0]).toContain(
        'enableDLegerCommitLog',
      );
    });

    it('what spreads segments over several folders does not start', () => {
      const several = { storePathCommitLog: '/disk1/commitlog,/disk2/commitlog' };
      expect(errorOf({ properties: several }).message).toMatch(/expected one folder/);
      const more = { readOnlyCommitLogStorePaths: '/disk2/commitlog' };
      expect(errorOf({ properties: more }).message).toMatch(/would not be served/);
    });

    it('what asks for locked doors does not start with open ones', () => {
      expect(errorOf({ properties: { aclEnable: 'true' } }).message).toMatch(/checks no credentials/);
    });
  });

  describe('a mistake', () => {
    it('in a name is told with file, line and the nearest name', () => {
      const error = errorOf({ configFile: fixture('misspelt') });
      expect(error).toMatchObject({ file: fixture('misspelt'), line: 5 });
      expect(error.message).toMatch(
        /misspelt\.properties:5: no setting is named 'flushDiskTyp'; did you mean flushDiskType\?$/,
      );
    });

    it.each([
      ['listenPort', '1O911', /listenPort is '1O911', expected a port from 0 to 65535/],
      ['listenPort', '70000', /expected a port/],
      ['autoCreateTopicEnable', 'yes', /expected true or false/],
      ['flushDiskType', 'async', /expected ASYNC_FLUSH or SYNC_FLUSH/],
      ['messageDelayLevel', '1s 5x', /expected durations/],
      ['namesrvAddr', 'ns1', /expected host:port/],
      ['brokerIP1', 'broker.example', /expected an IPv4 or IPv6 address/],
      ['transactionCheckMax', '-1', /expected a whole number, 0 or more/],
    ])('in the value of %s (%s) is told with what was expected', (name, value, message) => {
      expect(errorOf({ configFile: file(`# first\n${name} = ${value}\n`) }).message).toMatch(message);
      expect(errorOf({ configFile: file(`# first\n${name} = ${value}\n`) }).line).toBe(2);
    });
  });

  describe('several sources', () => {
    const env = { HALFMQ_LISTEN_PORT: '2', HALFMQ_BROKER_IP1: '1.1.1.1', HALFMQ_OTHER_PROGRAM: 'x' };

    it('rank option, environment, file, default', () => {
      const configFile = file('listenPort=1\nbrokerIP1=2.2.2.2\nbrokerName=from-file\n');
      const settings = resolve({ configFile, env, properties: { listenPort: '3' } });
      expect(settings.config).toMatchObject({ listenPort: 3, brokerIP1: '1.1.1.1', brokerName: 'from-file' });
      expect(printSettings(settings).split('\n')).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^listenPort=3 +# option$/),
          expect.stringMatching(/^brokerIP1=1\.1\.1\.1 +# HALFMQ_BROKER_IP1$/),
          expect.stringMatching(/^brokerName=from-file +# .*broker\.conf:3$/),
          expect.stringMatching(/^httpPort=8080 +# default$/),
        ]),
      );
    });
  });

  it('know no name twice', () => {
    for (const name of Object.keys(SETTINGS)) expect([name, ACCEPTED_NAMES.has(name)]).toEqual([name, false]);
  });

  it('measure delay levels in milliseconds', () => {
    expect(delayLevelsMs('1s 5m 2h 1d')).toEqual([1_000, 300_000, 7_200_000, 86_400_000]);
  });
});
