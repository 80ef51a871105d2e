import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deleteSubscriptiongroup, updateAndCreateSubscriptiongroup } from '@halfmq/remoting';
import { PUSH, PushTrial, SECRETS } from '../kit/push-trial.js';
import { until } from '../kit/until.js';

describe('the push of a group', () => {
  let trial: PushTrial;
  beforeEach(async () => {
    trial = await PushTrial.start();
  });
  afterEach(() => trial.close());

  it('is paused and resumed, also over a restart, and replaced and deleted', async () => {
    expect(await trial.push()).toMatchObject({ status: 201, paused: false });
    expect(await trial.rest.post(`${PUSH}/pause`)).toMatchObject({ status: 200, paused: true });
    await trial.pops.send('a');
    await trial.pops.restart();
    expect(await trial.shown()).toMatchObject({ paused: true, topic: 'orders', state: { backlog: 1 } });
    const elsewhere = `${trial.endpoint.url}/new`;
    expect(await trial.push({ backurl: elsewhere })).toMatchObject({ status: 200, paused: true });
    expect(trial.endpoint.got).toEqual([]);
    await trial.rest.post(`${PUSH}/resume`);
    await trial.got(1);
    expect(trial.endpoint.got).toMatchObject([{ body: 'a', path: '/hook/new' }]);
    await trial.settled();
    expect(await trial.rest.delete(PUSH)).toBe(204);
    await trial.pops.send('b');
    await trial.advance(60_000);
    expect(await trial.shown()).toMatchObject({ status: 404 });
    await trial.pops.restart();
    expect(await trial.shown()).toMatchObject({ status: 404 });
    expect(trial.endpoint.got).toHaveLength(1);
  });

  it('is after a restart what it was before, whatever was changed at once', async () => {
    await trial.push();
    const changes = ['a', 'b'].map((path) => trial.push({ backurl: `${trial.endpoint.url}/${path}` }));
    const acts = ['pause', 'resume', 'pause'].map((act) => trial.rest.post(`${PUSH}/${act}`));
    await Promise.all([...changes, ...acts]);
    const { status, state, ...settings } = await trial.shown();
    expect(status).toBe(200);
    await trial.pops.restart();
    expect(await trial.shown()).toMatchObject(settings);
    expect(state.delivered).toBe(0);
  });

  it('is listed with the others, by the names of their groups', async () => {
    for (const group of ['writers', 'readers', 'auditors'])
      await trial.rest.put(`groups/${group}/push`, { topic: 'orders', backurl: trial.endpoint.url });
    const list = (query: string) =>
      trial.rest.get<{ items: { group: string }[]; next?: string }>(`pushes${query}`);
    const first = await list('?limit=2');
    expect(first).toMatchObject({ items: [{ group: 'auditors' }, { group: 'readers' }], next: 'readers' });
    const others = await list(`?limit=2&cursor=${first.next}`);
    expect(others).toMatchObject({ items: [{ group: 'writers', state: { breaker: 'closed' } }] });
    expect(others.next).toBeUndefined();
    expect(await list('?limit=0')).toMatchObject({ status: 400 });
  });

  it('is gone with its group', async () => {
    await trial.push();
    await trial.pops.client.ask(deleteSubscriptiongroup, { groupName: 'readers', cleanOffset: false });
    expect(await trial.shown()).toMatchObject({ status: 404 });
    await trial.pops.send('a');
    await trial.advance(60_000);
    expect(trial.endpoint.got).toEqual([]);
  });

  it('says what keeps it from receiving', async () => {
    await trial.push();
    const off = { groupName: 'readers', consumeEnable: false };
    await trial.pops.client.ask(updateAndCreateSubscriptiongroup, {}, off);
    await trial.pops.send('a');
    await trial.advance(30_000);
    await until('it says so', async () => (await trial.state()).problem);
    expect(await trial.state()).toMatchObject({ problem: expect.stringContaining('readers'), backlog: 1 });
    await trial.pops.client.ask(updateAndCreateSubscriptiongroup, {}, { ...off, consumeEnable: true });
    await trial.advance(1_000);
    await trial.got(1);
  });

  it('is refused for a group that has to be made first', async () => {
    await trial.close();
    const autoCreateSubscriptionGroup = 'false';
    trial = await PushTrial.start({ autoCreateSubscriptionGroup });
    const answer = await trial.rest.put(PUSH, { topic: 'orders', backurl: trial.endpoint.url });
    expect(answer).toMatchObject({ status: 404, code: 26, detail: expect.stringContaining('readers') });
  });

  it.each([
    ['a topic nobody knows', { topic: 'nobody' }, 404, 'nobody'],
    ['an address that is none', { backurl: 'orders.php' }, 400, 'backurl'],
    ["an address of a cloud's metadata", { backurl: 'http://169.254.169.254/' }, 400, 'backurl'],
    ['a name and a password', { backurl: 'http://a:b@127.0.0.1/' }, 400, 'password'],
    ['a secret that is too short', { secret: 'whsec_AAAA' }, 400, 'openssl'],
    ['a second secret alone', { previousSecret: SECRETS[0] }, 400, 'previousSecret'],
    ['two filters', { tags: 'a', sql: 'b = 1' }, 400, 'at most one'],
    ['too many at once', { concurrency: 1_000 }, 400, 'concurrency'],
    ['an unknown field', { colour: 'red' }, 400, 'colour'],
  ])('cannot have %s', async (_, wrong, status, detail) => {
    const answer = await trial.rest.put(PUSH, { topic: 'orders', backurl: trial.endpoint.url, ...wrong });
    expect(answer).toMatchObject({ status, detail: expect.stringContaining(detail) });
    expect(await trial.rest.get(PUSH)).toMatchObject({ status: 404 });
    expect(await trial.rest.post(`${PUSH}/pause`)).toMatchObject({ status: 404 });
  });
});
