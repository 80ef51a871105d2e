import { EventEmitter, once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  DONE,
  getBrokerClusterInfo,
  HandlerTable,
  ManualClock,
  NO_ANSWER,
  RemotingClient,
  RemotingServer,
  silentLog,
  systemClock,
  type Outcome,
} from '@halfmq/remoting';
import { InvalidOption } from '../errors.js';
import { NameServers, parseNameServers } from './name-servers.js';

describe('a list of name servers', () => {
  it.each([
    ['a:9876', ['a:9876']],
    ['a:9876;b:9877', ['a:9876', 'b:9877']],
    [' a:9876 , b:9877;', ['a:9876', 'b:9877']],
    [
      ['a:1', 'b:2;c:3', 'a:1'],
      ['a:1', 'b:2', 'c:3'],
    ],
    ['[::1]:9876', ['[::1]:9876']],
  ])('%j is %j', (given, addresses) => expect(parseNameServers(given)).toEqual(addresses));

  it.each(['', ';', 'localhost', 'a:0', 'a:70000', ':9876', 'a:9876 b:9876x', []])('%j is none', (given) => {
    expect(() => parseNameServers(given)).toThrow(InvalidOption);
  });

  it('that was never set, as a variable of the environment may be, is said to be so', () => {
    const unset = process.env['HALFMQ_TEST_UNSET'] as string;
    expect(() => parseNameServers(unset)).toThrow('nameServers: text like host:9876 expected, got undefined');
  });
});

const ANSWER_MS = 3_000;
const FOLLOW_MS = 120_000;

describe('name servers', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  /** Answers every question the same; `asked` is called for each. */
  async function nameServer(outcome: Outcome, asked: () => void = () => undefined): Promise<string> {
    const handlers = new HandlerTable().add(getBrokerClusterInfo, () => {
      asked();
      return outcome;
    });
    const server = new RemotingServer({ clock: systemClock, log: silentLog, handlers });
    cleanups.push(() => server.close({ graceMs: 0 }));
    return `127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
  }

  async function addressServer(list: () => string): Promise<string> {
    const server: Server = createServer((_, answer) => answer.end(list()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => new Promise((resolve) => server.close(resolve)));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  function following(clock: ManualClock, given: string, told: () => void): NameServers {
    const remoting = new RemotingClient({ clock, log: silentLog });
    cleanups.push(() => remoting.close());
    const nameServers = new NameServers(remoting, clock, { ...silentLog, info: told }, given, ANSWER_MS);
    cleanups.push(() => nameServers.stop());
    return nameServers;
  }

  it('named while a question is under way are asked it, when those named before do not answer', async () => {
    const clock = new ManualClock();
    const happened = new EventEmitter();
    const silent = await nameServer(NO_ANSWER, () => happened.emit('asked'));
    let list = silent;
    const url = await addressServer(() => list);
    const nameServers = following(clock, url, () => happened.emit('told'));
    nameServers.start();
    await once(happened, 'told');
    await clock.advance(FOLLOW_MS - 1);
    const [answer] = [nameServers.request(getBrokerClusterInfo, {}), await once(happened, 'asked')];
    list = await nameServer(DONE);
    await Promise.all([once(happened, 'told'), clock.advance(1)]);
    await clock.advance(ANSWER_MS);
    expect((await answer).code).toBe(0);
  });
});
