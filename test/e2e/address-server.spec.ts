import { get } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deleteKvConfig, ManualClock, putKvConfig, silentLog } from '@halfmq/remoting';
import { startNamesrv, type RunningNamesrv } from '@halfmq/namesrv';
import { HalfmqClient, NoNameServer } from '@halfmq/transaction';
import { InProcessBroker } from '../kit/in-process.js';
import { NamesrvCaller } from '../kit/namesrv-caller.js';
import { freePort } from '../kit/ports.js';
import { until } from '../kit/until.js';

const LIST = { namespace: 'ADDRESS_SERVER', key: 'nsaddr' };

describe('an address server', () => {
  const open: { close(): unknown }[] = [];
  let served: RunningNamesrv;
  let other: RunningNamesrv;
  let tool: NamesrvCaller;

  const opened = <T extends { close(): unknown }>(one: T): T => {
    open.push(one);
    return one;
  };
  const nameServer = async (more: Record<string, string> = {}): Promise<RunningNamesrv> =>
    opened(await startNamesrv({ port: 0, properties: { bindAddress: '127.0.0.1', ...more }, env: {} }));

  beforeEach(async () => {
    served = await nameServer({ addressServerPort: String(await freePort()) });
    other = await nameServer();
    tool = new NamesrvCaller(served);
    opened(tool.client);
  });
  afterEach(async () => {
    for (const one of open.splice(0).toReversed()) await one.close();
  });

  const name = (value: string): Promise<unknown> => tool.ok(putKvConfig, { ...LIST, value });
  const url = (path = '/rocketmq/nsaddr'): string => `http://127.0.0.1:${served.addressServerPort}${path}`;
  const ask = (path?: string): Promise<[number | undefined, string]> =>
    new Promise((resolve, reject) => {
      get(url(path), { agent: false }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => resolve([answer.statusCode, text]));
      }).on('error', reject);
    });

  it('names its own name server, unless the table or a setting names others', async () => {
    expect(await ask()).toEqual([200, `${served.address}\n`]);
    await name('a:1;b:2');
    expect(await ask('/rocketmq/nsaddr?nofix=1')).toEqual([200, 'a:1;b:2\n']);
    expect(await ask('/rocketmq/nsaddr-unit')).toEqual([404, 'GET /rocketmq/nsaddr expected\n']);
    await tool.ok(putKvConfig, { ...LIST, key: 'nsaddr-unit', value: 'c:3' });
    expect(await ask('/rocketmq/nsaddr-unit')).toEqual([200, 'c:3\n']);
    expect(await ask('/')).toEqual([404, 'GET /rocketmq/nsaddr expected\n']);
    await tool.ok(deleteKvConfig, LIST);
    expect(await ask()).toEqual([200, `${served.address}\n`]);
    const set = await nameServer({ addressServerPort: String(await freePort()), addressServerList: 'd:4' });
    served = set;
    expect(await ask()).toEqual([200, 'd:4\n']);
  });

  it('is not there unless it is wanted, and says whose port is taken', async () => {
    expect(other.addressServerPort).toBeUndefined();
    const taken = String(served.addressServerPort);
    await expect(nameServer({ addressServerPort: taken })).rejects.toThrow(
      `port ${taken} on 127.0.0.1 is taken: the name server asked for it (addressServerPort)`,
    );
  });

  it('is followed by brokers, also when it names others, and when what it says is none', async () => {
    const clock = new ManualClock();
    const broker = opened(
      await InProcessBroker.start({
        clock,
        properties: {
          fetchNamesrvAddrByAddressServer: 'true',
          rmqAddressServerDomain: `127.0.0.1:${served.addressServerPort}`,
        },
      }),
    );
    expect(await tool.brokersOf('TBW102')).toEqual([broker.broker.name]);
    const elsewhere = new NamesrvCaller(other);
    opened(elsewhere.client);
    await name('<html>no such page</html>');
    await clock.advance(10_000);
    await name(other.address);
    await until('the other name server knows it', async () => {
      await clock.advance(10_000);
      return (await elsewhere.brokersOf('TBW102')).length > 0;
    });
  });

  it('is followed by clients, whose name server may go', async () => {
    opened(
      await InProcessBroker.start({ properties: { namesrvAddr: `${served.address};${other.address}` } }),
    );
    const clock = new ManualClock();
    await name(served.address);
    const heard: string[] = [];
    const info = (_: string, fields: object = {}): void => void heard.push(JSON.stringify(fields));
    const client = opened(new HalfmqClient({ nameServers: url(), log: { ...silentLog, info }, clock }));
    await client.start();
    await name(other.address);
    await until('the client has heard of it', async () => {
      await clock.advance(120_000);
      return heard.at(-1)?.includes(other.address) === true;
    });
    await served.close();
    await client.producer().send({ topic: 'made-anew', body: 'x' });
  });

  it('that does not answer is named by a start that fails', async () => {
    const gone = `http://127.0.0.1:${await freePort()}/rocketmq/nsaddr`;
    const client = opened(new HalfmqClient({ nameServers: gone, startTimeoutMs: 1 }));
    const failed = await client.start().catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(NoNameServer);
    expect(String(failed)).toContain(`address server ${gone}: connect ECONNREFUSED`);
  });
});
