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

  it('falls back to the one before when it was cut off', async () => {
    await write(7);
    await write(8);
    await writeFile(file, '{"offsetTable":{{"brok');
    expect(await new LocalOffsets(silentLog, file).read(QUEUE)).toBe(7);
    await rm(dirname(file), { recursive: true });
    expect(await new LocalOffsets(silentLog, file).read(QUEUE)).toBeUndefined();
  });
});
