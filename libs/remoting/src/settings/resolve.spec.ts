import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  addresses,
  ConfigError,
  ipAddress,
  name,
  port,
  printSettings,
  resolve,
  setting,
  text,
  type Sources,
} from './index.js';

const PROGRAM = {
  called: 'broker',
  prefix: 'HALFMQ_',
  settings: {
    brokerName: setting(name, (host: { hostName: string }) => host.hostName),
    brokerIP1: setting(ipAddress, '127.0.0.1'),
    listenPort: setting(port, 10911),
    httpPort: setting(port, 8080),
    namesrvAddr: setting(addresses, ''),
    regionId: setting(text, 'DefaultRegion'),
  },
  acceptedNames: new Set(['sendThreadPoolNums']),
};
const settingsOf = (sources: Sources) => resolve(PROGRAM, { env: {}, ...sources }, { hostName: 'box' });
const errorOf = (sources: Sources): ConfigError => {
  try {
    settingsOf(sources);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('resolved');
};

describe('settings of a program', () => {
  let folder: string;
  const file = (content: string): string => {
    const path = join(folder, 'broker.conf');
    writeFileSync(path, content);
    return path;
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'halfmq-settings-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  describe('of several sources', () => {
    const env = { HALFMQ_LISTEN_PORT: '2', HALFMQ_BROKER_IP1: '1.1.1.1', HALFMQ_OTHER_PROGRAM: 'x' };

    it('rank option, variable, file, default, and say which it was', () => {
      const configFile = file('listenPort=1\nbrokerIP1=2.2.2.2\nregionId=from-file\n');
      const { config, origins } = settingsOf({ configFile, env, properties: { listenPort: '3' } });
      expect(config).toEqual({
        brokerName: 'box',
        brokerIP1: '1.1.1.1',
        listenPort: 3,
        httpPort: 8080,
        namesrvAddr: '',
        regionId: 'from-file',
      });
      expect(origins).toEqual({
        brokerName: { kind: 'default' },
        brokerIP1: { kind: 'environment', name: 'HALFMQ_BROKER_IP1' },
        listenPort: { kind: 'option' },
        httpPort: { kind: 'default' },
        namesrvAddr: { kind: 'default' },
        regionId: { kind: 'file', name: configFile, line: 3 },
      });
    });

    it('are printed in the order of the table, with where they come from', () => {
      expect(printSettings(settingsOf({ env })).split('\n')).toEqual([
        'brokerName=box          # default',
        'brokerIP1=1.1.1.1       # HALFMQ_BROKER_IP1',
        'listenPort=2            # HALFMQ_LISTEN_PORT',
        'httpPort=8080           # default',
        'namesrvAddr=            # default',
        'regionId=DefaultRegion  # default',
      ]);
    });

    it('take an empty value for none', () => {
      expect(settingsOf({ configFile: file('brokerName=\nnamesrvAddr=\n') }).config).toMatchObject({
        brokerName: 'box',
        namesrvAddr: '',
      });
    });

    it('take the last of two lines', () => {
      expect(settingsOf({ configFile: file('listenPort=1\nlistenPort=2\n') }).config.listenPort).toBe(2);
    });

    it('read what Java reads: escapes, continued lines, a byte order mark, colons', () => {
      const content = '\uFEFFbrokerName: broker-\\\n   a\nregionId=\\u4e2d\n  listenPort 10\r\n';
      expect(settingsOf({ configFile: file(content) }).config).toMatchObject({
        brokerName: 'broker-a',
        regionId: '中',
        listenPort: 10,
      });
    });

    it.each(['\n', '\r\n', '\r'])('count the lines of a file whose lines end with %j', (end) => {
      const configFile = file(['# first', 'brokerName=a\\', '  b', '', 'listenPort=x'].join(end));
      expect(errorOf({ configFile }).line).toBe(5);
    });
  });

  it('name in one note what is RocketMQ and means nothing here', () => {
    expect(settingsOf({ properties: { sendThreadPoolNums: '4' } }).notes).toEqual([
      'settings of RocketMQ that mean nothing to this broker were left aside: sendThreadPoolNums',
    ]);
    expect(settingsOf({}).notes).toEqual([]);
  });

  describe('with a mistake', () => {
    it('in a name near to none are refused without a guess', () => {
      expect(errorOf({ properties: { colour: 'blue' } }).message).toBe(
        "option: no setting is named 'colour'",
      );
    });

    it('in a name are refused with the nearest one, be it only accepted', () => {
      expect(errorOf({ properties: { sendThreadPoolNum: '4' } }).message).toBe(
        "option: no setting is named 'sendThreadPoolNum'; did you mean sendThreadPoolNums?",
      );
    });

    it.each(['1.2.3', '256.1.1.1', ':::', 'fe80::1%eth0', '1::2::3'])(
      'are refused: %s as an address',
      (ip) => {
        expect(errorOf({ properties: { brokerIP1: ip } }).message).toBe(
          `option: brokerIP1 is '${ip}', expected an IPv4 or IPv6 address`,
        );
      },
    );

    it('in the path of the file are refused', () => {
      expect(errorOf({ configFile: '/nowhere/b.conf' }).message).toBe(
        '/nowhere/b.conf: cannot be read (ENOENT)',
      );
    });

    it('that the program itself refuses are told as it says', () => {
      const refuse = (setting: string, value: string): void => {
        if (value === 'SLAVE') throw new ConfigError({ kind: 'option' }, `${setting} cannot be honoured`);
      };
      const sources = { env: {}, properties: { sendThreadPoolNums: 'SLAVE' } };
      expect(() => resolve({ ...PROGRAM, refuse }, sources, { hostName: 'box' })).toThrow(
        'option: sendThreadPoolNums cannot be honoured',
      );
    });
  });
});
