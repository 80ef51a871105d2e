import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeRecord } from '@halfmq/remoting/record';
import { bodies, done, message, readAll, store, StoreFixture } from './fixture.js';
import type { MessageStore, NewMessage } from './message-store.js';

type Step =
  | { readonly do: 'append'; readonly queues: readonly number[]; readonly size: number }
  | { readonly do: 'reopen' }
  | { readonly do: 'deleteTopic'; readonly topic: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      queues: fc.array(fc.nat(5), { minLength: 1, maxLength: 12 }),
      size: fc.oneof(fc.nat(300), fc.nat(20_000)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteTopic' as const), topic: fc.nat(1) }) },
);

/** Queues as plain arrays. Queue n is topic t(n % 2), queue id floor(n / 2). */
class Model {
  readonly queues = new Map<number, string[]>();
  private written = 0;

  append(queues: readonly number[], size: number): NewMessage[] {
    return queues.map((queue) => {
      const body = `${this.written++}:${'x'.repeat(size)}`;
      this.queues.set(queue, [...(this.queues.get(queue) ?? []), body]);
      return message(`t${queue % 2}`, body, { queueId: Math.floor(queue / 2) });
    });
  }

  deleteTopic(topic: number): void {
    for (const queue of this.queues.keys()) if (queue % 2 === topic) this.queues.delete(queue);
  }

  check(opened: MessageStore): void {
    for (let queue = 0; queue < 6; queue++) {
      const records = readAll(opened, `t${queue % 2}`, Math.floor(queue / 2));
      const wanted = this.queues.get(queue) ?? [];
      expect(bodies(records)).toEqual(wanted);
      expect(records.map(({ queueOffset }) => queueOffset)).toEqual(wanted.map((_, index) => index));
      for (const { physicalOffset, body } of records) {
        const again = opened.recordAt(physicalOffset);
        expect(again && decodeRecord(again).body.equals(body)).toBe(true);
      }
    }
  }
}

describe('any row of appends, rolls and reopenings', () => {
  it.each(['ASYNC_FLUSH', 'SYNC_FLUSH'] as const)(
    'reads like plain arrays with %s',
    async (flush) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
          const fixture = new StoreFixture();
          const model = new Model();
          try {
            const more = { flush, segmentBytes: 64 * 1024 };
            let opened = await fixture.open(more);
            for (const each of steps) {
              if (each.do === 'append') await store(opened, ...model.append(each.queues, each.size));
              else if (each.do === 'deleteTopic') {
                model.deleteTopic(each.topic);
                await done((stored) => opened.deleteTopic(`t${each.topic}`, stored));
              } else {
                await opened.close();
                opened = await fixture.open(more);
              }
            }
            model.check(opened);
            await opened.close();
            model.check(await fixture.open(more));
          } finally {
            await fixture.end();
          }
        }),
        { numRuns: 15 },
      );
    },
    60_000,
  );
});
