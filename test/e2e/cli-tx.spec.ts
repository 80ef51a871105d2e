import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { halfmqInTurn } from '../kit/command.js';
import { InProcessBroker } from '../kit/in-process.js';
import { freePort } from '../kit/ports.js';
import { RestClient } from '../kit/rest.js';

jest.setTimeout(60_000);

describe('halfmq tx, on a running broker', () => {
  let broker: InProcessBroker;
  let door: string;
  const rest = new RestClient(() => broker.broker.httpPort);

  beforeAll(async () => {
    broker = await InProcessBroker.start({ properties: { httpPort: String(await freePort()) } });
    door = `http://127.0.0.1:${broker.broker.httpPort}`;
  });
  afterAll(() => broker.close());

  const begin = (id: string): Promise<object> =>
    rest.put(`transactions/${id}`, {
      group: 'shop',
      messages: [{ topic: 'orders', body: `hi ${id}`, keys: [`k-${id}`] }],
    });
  const run = (...commands: string[][]) =>
    halfmqInTurn(commands.map((args) => ['tx', ...args, '--http', door]));

  it('lists, shows and decides, to read and to work with', async () => {
    for (const id of ['t1', 't2']) await begin(id);
    const why = ['--reason', 'see ticket 7', '--operator', 'ada'];
    const [list, json, none, show, commit, again, opposite, rollback, left] = await run(
      ['ls', '--group', 'shop', '--older-than', '0ms'],
      ['ls', '--key', 'k-t2', '--json'],
      ['ls', '--state', 'parked'],
      ['show', 't1', '--preview'],
      ['commit', 't1', ...why],
      ['commit', 't1', ...why],
      ['rollback', 't1', ...why],
      ['rollback', 't2', '--reason', 'no'],
      ['ls'],
    );
    expect(list?.out).toMatch(/^id +state +group +topics +keys +begun/);
    expect(list?.out).toMatch(/^t1 +pending +shop +orders +k-t1 +20\d\d-/m);
    expect(JSON.parse(json?.out ?? '')).toMatchObject({ items: [{ id: 't2', state: 'pending' }] });
    expect(none?.out).toBe('no transaction\n');
    expect(show?.out).toMatch(/transaction +t1\n.*state +pending/);
    expect(show?.out).toContain('hi t1');
    expect(show?.out).toMatch(/preview +none: no producer of group shop/);
    expect(commit?.out).toMatch(/verdict +committed by operator ada at .* \(see ticket 7\)/);
    expect([again?.code, again?.out]).toEqual([0, commit?.out]);
    expect(opposite).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/transaction t1 was committed by operator ada at .*first verdict is final/),
    });
    expect(rollback?.out).toMatch(/state +rolled back/);
    expect(left?.out).toBe('no transaction\n');
  });

  it('takes every command that docs/http-transactions.md shows', async () => {
    const page = readFileSync(new URL('../../docs/http-transactions.md', import.meta.url), 'utf8');
    const shown = [...page.matchAll(/^halfmq (tx [^#\n]*)/gm)].map(([, line = '']) =>
      [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word = '']) => quoted ?? word),
    );
    expect(new Set(shown.map(([, command]) => command)).size).toBe(6);
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const ended = await halfmqInTurn(shown.map((args) => [...args, '--http', nobody]));
    for (const { err } of ended) expect(err).toContain('no broker answers');
  });

  it('says what to do when it was called wrongly, or cannot do it', async () => {
    await begin('t3');
    const closed = `http://127.0.0.1:${await freePort()}`;
    const wrong: [args: string[], words: string][] = [
      [['show', 'nobody'], 'no transaction nobody is known here'],
      [['check', 't3'], 'Start a producer of the group'],
      [['commit', 't3'], "required option '--reason <text>'"],
      [['ls', '--state', 'lost'], 'Allowed choices are pending, parked'],
      [['ls', '--older-than', '5'], 'such as 30s'],
      [['ls', '--limit', '0'], 'from 1 to 500'],
      [['ls', '--http', 'here'], 'expected an address'],
      [['ls', '--http', closed], `no broker answers at ${closed} (ECONNREFUSED)`],
      [['ls', '--http', `${door}/health`], 'Cannot GET /health/v1/transactions'],
    ];
    const ended = await halfmqInTurn(
      wrong.map(([args]) => ['tx', ...args, ...(args.includes('--http') ? [] : ['--http', door])]),
    );
    expect(ended).toEqual(
      wrong.map(([, words]) => ({ code: 1, out: '', err: expect.stringContaining(words) as unknown })),
    );
  });
});
