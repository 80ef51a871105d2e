import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLog, type MessageQueue } from '@halfmq/remoting';
import { LocalOffsets, offsetFile } from './local-offsets.js';

const QUEUE: MessageQueue = { topic: 't', brokerName: 'b', queueId: 3 };

describe('the offset file of a broadcasting consumer', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halfmq-offsets-'));
    file = offsetFile(folder, '1.2.3.4@DEFAULT', 'g');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const write = async (offset: number): Promise<void> => {
    const offsets = new LocalOffsets(silentLog, file);
    await offsets.read(QUEUE);
    offsets.update(QUEUE, offset);
    await offsets.persist(true);
  };

  it('lies where and reads as that of RocketMQ', async () => {
    await write(7);
    expect(file).toBe(join(folder, '1.2.3.4@DEFAULT', 'g', 'offsets.json'));
    expect(await readFile(file, 'utf8')).toBe(
      '{"offsetTable":{{"brokerName":"b","queueId":3,"topic":"t"}:7}}',
    );
    expect(await new LocalOffsets(silentLog, file).read(QUEUE)).toBe(7);
    expect(await new LocalOffsets(silentLog, file).read({ ...QUEUE, queueId: 4 })).toBeUndefined();
  });

  it('is written by one at a time, and whoever waits finds it written', async () => {
    const said: string[] = [];
    const log = { ...silentLog, warn: (message: string): void => void said.push(message) };
    const offsets = new LocalOffsets(log, file);
    const written: unknown[] = [];
    for (let offset = 1; offset <= 5; offset++) {
      offsets.update(QUEUE, offset);
      const upkeep = offsets.persist(false);
      await offsets.persist(true);
      written.push(await new LocalOffsets(silentLog, file).read(QUEUE));
      await upkeep;
    }
    const all = Array.from({ length: 5 }, (_, more) => {
      offsets.update(QUEUE, 6 + more);
      return offsets.persist(true);
    });
    await Promise.all(all);
    expect([written, said]).toEqual([[1, 2, 3, 4, 5], []]);
    expect(await new LocalOffsets(silentLog, file).read(QUEUE)).toBe(10);
  });

  it('keeps what is not written yet when a queue is forgotten of which it knows nothing', async () => {
    const offsets = new LocalOffsets(silentLog, file);
    offsets.update(QUEUE, 7);
    offsets.forget({ ...QUEUE, queueId: 9 });
    await offsets.persist(true);
    expect(await new LocalOffsets(silentLog, file).read(QUEUE)).toBe(7);
  });

  it('falls back to the one before when it was cut off', async () => {
    await write(7);
    await write(8);
    await writeFile(file, '{"offsetTable":{{"brok');
    expect(await new LocalOffsets(silentLog, file).read(QUEUE)).toBe(7);
    await rm(dirname(file), { recursive: true });
    expect(await new LocalOffsets(silentLog, file).read(QUEUE)).toBeUndefined();
  });
});
