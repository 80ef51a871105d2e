import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { freePort } from '../kit/ports.js';
import { PopTrial } from '../kit/pop-trial.js';
import { RestClient } from '../kit/rest.js';

jest.setTimeout(60_000);

const QUEUES = 7;

interface Page {
  readonly items: readonly { readonly body: string }[];
  readonly next?: string;
}

describe('a topic of several queues, read page by page', () => {
  let trial: PopTrial;
  let rest: RestClient;
  beforeEach(async () => {
    trial = await PopTrial.start({ httpPort: String(await freePort()) });
    rest = new RestClient(() => trial.broker.httpPort);
  });
  afterEach(() => trial.close());

  /** @param sizes of the pages, over and over */
  async function read(topic: string, tags: string, sizes: readonly number[]): Promise<string[]> {
    const found: string[] = [];
    let cursor = '';
    for (let nth = 0; ; nth++) {
      const limit = sizes[nth % sizes.length];
      const page = await rest.get<Page>(`topics/${topic}/messages?tags=${tags}&limit=${limit}${cursor}`);
      expect(page.items.length).toBeLessThanOrEqual(limit!);
      found.push(...page.items.map(({ body }) => body));
      if (page.next === undefined) return found;
      cursor = `&cursor=${page.next}`;
    }
  }

  it('gives each message once, in the order in which they were stored, whatever queues they lie in', async () => {
    const message = fc.record({ queueId: fc.nat(QUEUES - 1), tag: fc.constantFrom('a', 'b') });
    const messages = fc.array(message, { maxLength: 60 });
    const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 });
    let topics = 0;
    const holds = fc.asyncProperty(messages, sizes, async (sent, pages) => {
      const topic = `pages-${topics++}`;
      await trial.topic(topic, QUEUES);
      for (const [nth, { queueId, tag }] of sent.entries())
        await trial.client.send(topic, `${tag}${nth}`, { TAGS: tag }, { queueId });
      const bodies = sent.map(({ tag }, nth) => `${tag}${nth}`);
      expect(await read(topic, '*', pages)).toEqual(bodies);
      expect(await read(topic, 'b', pages)).toEqual(bodies.filter((body) => body.startsWith('b')));
    });
    await fc.assert(holds, { numRuns: 20 });
  });
});
