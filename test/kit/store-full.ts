/**
 * A process that writes until a commit fails, because its files may not grow any further (ulimit -f), then waits until
 * the store takes messages again. Prints what it saw, one JSON line an event.
 */
import { writeSync } from 'node:fs';
import { openStore } from '@halfmq/store';
import { TOPIC, workMessage, workOptions } from './store-work.js';

const say = (event: object): void => void writeSync(1, `${JSON.stringify(event)}\n`);
const BODY = 'x'.repeat(60_000);

const [, , path = ''] = process.argv;
const store = await openStore(workOptions(path, { segmentBytes: 1024 * 1024 * 1024 }));

function append(body: string): Promise<{ offset: number; error?: string; kind?: string }> {
  return new Promise((resolve, reject) => {
    try {
      const [place] = store.append([workMessage(TOPIC, 0, body)], (error) => {
        const offset = place?.queueOffset ?? -1;
        resolve(error ? { offset, error: error.message, kind: error.kind } : { offset });
      });
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

for (;;) {
  const answer = await append(BODY);
  if (answer.error === undefined) continue;
  let refused = '';
  await append('refused').catch((error: unknown) => (refused = String(error)));
  say({ failed: answer, refused, writable: store.writable, max: store.maxOffset(TOPIC, 0) });
  break;
}
while (!store.writable) await new Promise((resolve) => setTimeout(resolve, 20));
say({ resumed: await append(BODY), max: store.maxOffset(TOPIC, 0) });
await store.close();
