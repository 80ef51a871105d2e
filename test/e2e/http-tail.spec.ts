import { get, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deleteTopicInBroker } from '@halfmq/remoting';
import { freePort } from '../kit/ports.js';
import { PopTrial } from '../kit/pop-trial.js';
import { RestClient } from '../kit/rest.js';
import { until } from '../kit/until.js';

interface Event {
  readonly id: string;
  readonly body: string;
}

/** Reads server-sent events as a browser does. */
class Watcher {
  text = '';
  ended = false;
  status = 0;
  private response: IncomingMessage | undefined;

  constructor(url: string, lastEventId?: string) {
    const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    const request = get(url, { headers, agent: false }, (response) => {
      this.response = response;
      this.status = response.statusCode ?? 0;
      response.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
      response.on('close', () => (this.ended = true));
      response.on('error', () => undefined);
    });
    request.on('error', () => (this.ended = true));
  }

  get events(): Event[] {
    return [...this.text.matchAll(/^id: (.*)\nevent: message\ndata: (.*)\n$/gm)].map(
      ([, id = '', data = '']) => ({ id, ...(JSON.parse(data) as { body: string }) }),
    );
  }

  get bodies(): string[] {
    return this.events.map(({ body }) => body);
  }

  /** What a reader knows that has got nothing yet. */
  get firstId(): string {
    return /^id: (.*)$/m.exec(this.text)?.[1] ?? '';
  }

  pause(): void {
    this.response?.pause();
  }

  leave(): void {
    this.response?.destroy();
  }
}

describe('watching a topic by HTTP', () => {
  let trial: PopTrial;
  const watchers: Watcher[] = [];
  beforeEach(async () => {
    trial = await PopTrial.start({ httpPort: String(await freePort()) });
    await trial.topic('orders', 3);
  });
  afterEach(async () => {
    for (const watcher of watchers.splice(0)) watcher.leave();
    await trial.close();
  });

  const url = (path: string): string => `http://127.0.0.1:${trial.broker.httpPort}/v1/topics/${path}`;

  async function watch(path = 'orders/tail', lastEventId?: string): Promise<Watcher> {
    const watcher = new Watcher(url(path), lastEventId);
    watchers.push(watcher);
    await until('it has begun', () => watcher.text !== '' || watcher.ended);
    return watcher;
  }

  it('shows what is stored from now on, in its order, as it is shown elsewhere', async () => {
    await trial.send('before');
    const watcher = await watch();
    await trial.send('a', 'b', 'c', 'd');
    await until('they came', () => watcher.events.length === 4);
    expect(watcher.bodies).toEqual(['a', 'b', 'c', 'd']);
    expect(watcher.events[0]).toMatchObject({
      topic: 'orders',
      tag: 'a',
      storedAt: expect.stringContaining('T'),
    });
  });

  it('goes on after the last event that was seen, also the one before the first', async () => {
    const watcher = await watch();
    const begun = watcher.firstId;
    await trial.send('a', 'b', 'c');
    await until('they came', () => watcher.events.length === 3);
    watcher.leave();
    await trial.send('d');
    const later = await watch('orders/tail', watcher.events[0]?.id);
    await until('the rest came', () => later.events.length === 3);
    expect(later.bodies).toEqual(['b', 'c', 'd']);
    await trial.restart();
    const all = await watch('orders/tail', begun);
    await until('all came', () => all.events.length === 4);
    expect(all.bodies).toEqual(['a', 'b', 'c', 'd']);
  });

  it('shows the tags that are asked for alone', async () => {
    const watcher = await watch('orders/tail?tags=b%7C%7Cd');
    await trial.send('a', 'b', 'c', 'd');
    await until('they came', () => watcher.events.length === 2);
    expect(watcher.bodies).toEqual(['b', 'd']);
  });

  it('is kept open by comments', async () => {
    const watcher = await watch();
    await trial.broker.clock.advance(45_000);
    await until('three came', () => watcher.text.split('\n: \n').length === 4);
  });

  it('lets go who takes nothing for 30 s, and nobody else', async () => {
    const [slow, well] = [await watch(), await watch()];
    slow.pause();
    const large = 'x'.repeat(1_000_000);
    for (let nth = 0; nth < 20; nth++) await trial.send(large);
    await until('the other one got all', () => well.events.length === 20);
    await trial.broker.clock.advance(31_000);
    await trial.send('more');
    await until('it got this too', () => well.events.length === 21);
    expect(slow.events.length).toBeLessThan(20);
    const again = await watch('orders/tail', slow.events.at(-1)?.id ?? slow.firstId);
    await until('nothing is missing', () => slow.events.length + again.events.length === 21);
  });

  it('ends with its topic, and with the broker', async () => {
    const watcher = await watch();
    await trial.client.ask(deleteTopicInBroker, { topic: 'orders' });
    await until('it has ended', () => watcher.ended);
    await trial.topic('orders');
    const other = await watch();
    await trial.broker.stop();
    await until('it has ended', () => other.ended);
  });

  it('is told what is wrong', async () => {
    const rest = new RestClient(() => trial.broker.httpPort);
    expect(await rest.get('topics/nobody/tail')).toMatchObject({ status: 404, code: 17 });
    expect(await rest.get('topics/orders/tail?tags=%7C%7C')).toMatchObject({ status: 400 });
    expect(await rest.get('topics/orders/tail?colour=red')).toMatchObject({ status: 400 });
    expect(await rest.get('topics/orders/messages?cursor=x')).toMatchObject({ status: 400 });
  });

  it('is read page by page from its beginning', async () => {
    const bodies = Array.from({ length: 10 }, (_, nth) => `a${nth}`);
    await trial.send(...bodies, 'b');
    const rest = new RestClient(() => trial.broker.httpPort);
    const found: string[] = [];
    for (let cursor = ''; ;) {
      const page = await rest.get<{ items: { body: string }[]; next?: string }>(
        `topics/orders/messages?tags=a&limit=4${cursor}`,
      );
      found.push(...page.items.map(({ body }) => body));
      if (page.next === undefined) break;
      cursor = `&cursor=${page.next}`;
    }
    expect(found).toEqual(bodies);
  });
});
