import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { printSettings } from '@halfmq/remoting/settings';
import { resolveSettings } from './resolve-config.js';

describe('settings of the name server', () => {
  let folder: string;
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'halfmq-namesrv-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const fileOf = (text: string): string => {
    const file = join(folder, 'namesrv.properties');
    writeFileSync(file, text);
    return file;
  };

  it("are RocketMQ's defaults when nobody says otherwise", () => {
    const { config, origins, notes } = resolveSettings({ env: {} });
    expect(config).toMatchObject({ listenPort: 9876, scanNotActiveBrokerInterval: 5000, kvConfigPath: '' });
    expect(origins.listenPort).toEqual({ kind: 'default' });
    expect(notes).toEqual([]);
  });

  it('come from an option, then a variable, then the file', () => {
    const configFile = fileOf('listenPort=1\r\nbindAddress = 127.0.0.1  \r\norderMessageEnable=true\r\n');
    const env = {
      HALFMQ_NAMESRV_LISTEN_PORT: '2',
      HALFMQ_NAMESRV_bindAddress: '::1',
      HALFMQ_NAMESRV_ADDR: 'a:1',
    };
    const { config, origins } = resolveSettings({ configFile, env, properties: { listenPort: '3' } });
    expect(config).toMatchObject({ listenPort: 3, bindAddress: '::1', orderMessageEnable: true });
    expect(origins.bindAddress).toEqual({ kind: 'environment', name: 'HALFMQ_NAMESRV_bindAddress' });
    expect(origins.orderMessageEnable).toEqual({ kind: 'file', name: configFile, line: 3 });
  });

  it('leave the broker its own variables', () => {
    expect(resolveSettings({ env: { HALFMQ_LISTEN_PORT: '10911' } }).config.listenPort).toBe(9876);
  });

  it('stop the start with file, line and what was expected', () => {
    const configFile = fileOf('# комментарий\n\nneedWaitForService=ja\n');
    expect(() => resolveSettings({ configFile, env: {} })).toThrow(
      `${configFile}:3: needWaitForService is 'ja', expected true or false`,
    );
    expect(() => resolveSettings({ properties: { listenPort: '70000' }, env: {} })).toThrow(
      "option: listenPort is '70000', expected a port from 0 to 65535",
    );
  });

  it('stop the start at a name nobody knows, with the nearest one', () => {
    const configFile = fileOf('scanNotActivBrokerInterval=1\n');
    expect(() => resolveSettings({ configFile, env: {} })).toThrow(
      `${configFile}:1: no setting is named 'scanNotActivBrokerInterval'; did you mean scanNotActiveBrokerInterval?`,
    );
  });

  it("take RocketMQ's other names with one note", () => {
    const configFile = fileOf('serverWorkerThreads=8\nproductEnvName=x\n');
    expect(resolveSettings({ configFile, env: {} }).notes).toEqual([
      expect.stringContaining('serverWorkerThreads, productEnvName'),
    ]);
  });

  it('are printed with their sources', () => {
    const text = printSettings(resolveSettings({ env: {}, properties: { listenPort: '0' } }));
    expect(text).toMatch(/^listenPort=0 +# option$/m);
    expect(text).toMatch(/^kvConfigPath= +# default$/m);
  });
});
