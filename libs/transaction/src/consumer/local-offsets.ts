import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { formatJson, parseLenientJson, type Log, type MessageQueue } from '@halfmq/remoting';
import { queueKey } from '../routes/topic-route.js';
import type { Offsets } from './offsets.js';

/** Where RocketMQ's clients keep it, too: the id must stay the same from start to start. */
export function offsetFile(folder: string | undefined, clientId: string, group: string): string {
  return join(folder ?? join(homedir(), '.rocketmq_offsets'), clientId, group, 'offsets.json');
}

/**
 * Offsets of a broadcasting consumer: each member has its own, in a file. `{"offsetTable":{{queue}:offset}}`, written
 * beside and renamed, the one before kept as `.bak`.
 */
export class LocalOffsets implements Offsets {
  private table: Map<string, { queue: MessageQueue; offset: number }> | undefined;
  private changed = false;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly log: Log,
    private readonly file: string,
  ) {}

  async read(queue: MessageQueue): Promise<number | undefined> {
    return (await this.loaded()).get(queueKey(queue))?.offset;
  }

  update(queue: MessageQueue, offset: number): void {
    const { topic, brokerName, queueId } = queue;
    this.table ??= new Map();
    this.table.set(queueKey(queue), { queue: { brokerName, queueId, topic }, offset });
    this.changed = true;
  }

  /** One after the other: all write the same file beside it. */
  persist(_wait: boolean): Promise<void> {
    this.writing = this.writing.then(() => this.write());
    return this.writing;
  }

  /** The queue stays in the file: it may come back. */
  async release(_queue: MessageQueue): Promise<void> {
    await this.persist(true);
  }

  forget(queue: MessageQueue): void {
    if (this.table?.delete(queueKey(queue))) this.changed = true;
  }

  private async write(): Promise<void> {
    if (!this.changed || !this.table) return;
    this.changed = false;
    const offsetTable = new Map(
      [...this.table.values()].map(({ queue, offset }) => [queue, offset] as const),
    );
    try {
      await mkdir(dirname(this.file), { recursive: true });
      await writeFile(`${this.file}.tmp`, formatJson({ offsetTable }));
      await rename(this.file, `${this.file}.bak`).catch(() => undefined);
      await rename(`${this.file}.tmp`, this.file);
    } catch (error) {
      this.changed = true;
      this.log.warn('broadcast offsets not written', { file: this.file, error });
    }
  }

  private async loaded(): Promise<Map<string, { queue: MessageQueue; offset: number }>> {
    if (this.table) return this.table;
    const read = (await readOffsets(this.file)) ?? (await readOffsets(`${this.file}.bak`)) ?? new Map();
    this.table ??= read;
    return this.table;
  }
}

async function readOffsets(
  file: string,
): Promise<Map<string, { queue: MessageQueue; offset: number }> | undefined> {
  try {
    const { offsetTable } = parseLenientJson(await readFile(file, 'utf8')) as {
      offsetTable: Record<string, number>;
    };
    const entries = Object.entries(offsetTable).map(([key, offset]) => {
      const queue = parseLenientJson(key) as MessageQueue;
      return [queueKey(queue), { queue, offset }] as const;
    });
    return new Map(entries);
  } catch {
    // none yet, or cut off in mid-write: the one before is as good as an older commit
    return undefined;
  }
}
