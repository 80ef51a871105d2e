import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  decodeRecords,
  formatProperties,
  ManualClock,
  silentLog,
  type MessageRecord,
} from '@halfmq/remoting/record';
import type { MessageStore, NewMessage, Place, PlainMessage, StoreOptions } from './message-store.js';
import { openStore } from './open-store.js';
import { HALF_TOPIC } from './system-topics.js';

/** What the store's own tests open and write. */
const HOST = { address: Buffer.from([127, 0, 0, 1]), port: 10911 };

export class StoreFixture {
  readonly clock = new ManualClock();
  readonly path = mkdtempSync(join(tmpdir(), 'halfmq-store-'));
  private readonly opened: MessageStore[] = [];

  options(more: Partial<StoreOptions> = {}): StoreOptions {
    return {
      path: this.path,
      clock: this.clock,
      log: silentLog,
      clusterName: 'DefaultCluster',
      brokerName: 'broker-a',
      storeHost: HOST,
      flush: 'ASYNC_FLUSH',
      flushIntervalMs: 500,
      retentionMs: 72 * 3600 * 1000,
      firstCheckAfterMs: () => 6000,
      ...more,
    };
  }

  async open(more: Partial<StoreOptions> = {}): Promise<MessageStore> {
    const store = await openStore(this.options(more));
    this.opened.push(store);
    return store;
  }

  async end(): Promise<void> {
    for (const store of this.opened) await store.close();
    rmSync(this.path, { recursive: true, force: true });
  }
}

export function message(topic: string, body: string, more: Partial<NewMessage> = {}): NewMessage {
  return {
    topic,
    queueId: 0,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: 1_700_000_000_000,
    bornHost: HOST,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: Buffer.from(body),
    properties: '',
    ...more,
  };
}

/** A half message for the topic `placed`, of a transaction or alone. */
export function half(transaction: string | undefined, body: string, group = 'orders'): NewMessage {
  const properties = formatProperties([
    ['PGROUP', group],
    ['REAL_TOPIC', 'placed'],
    ['UNIQ_KEY', `key-${body.slice(0, 20)}`],
    ...(transaction === undefined ? [] : [['HALFMQ_TX', transaction] as const]),
  ]);
  return message(HALF_TOPIC, body, { properties });
}

export function plain(topic: string, body: string, more: Partial<PlainMessage> = {}): PlainMessage {
  const { properties, ...rest } = message(topic, body);
  return {
    ...rest,
    propertyBytes: Buffer.from(properties),
    propertyAt: 0,
    propertyLength: 0,
    tagsCode: 0,
    ...more,
  };
}

/** Appends in one group and waits until it is stored. */
export function store(into: MessageStore, ...messages: NewMessage[]): Promise<readonly Place[]> {
  return new Promise((resolve, reject) => {
    const places = into.append(messages, (error) => (error ? reject(error) : resolve(places)));
  });
}

export function done(act: (stored: (error?: Error) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    act((error) => (error ? reject(error) : resolve()));
  });
}

/** All records of a queue, in order, read in small pieces. */
export function readAll(from: MessageStore, topic: string, queueId = 0): MessageRecord[] {
  const found: MessageRecord[] = [];
  let offset = from.minOffset(topic, queueId);
  while (offset < from.maxOffset(topic, queueId)) {
    const result = from.read(topic, queueId, offset, { maxMessages: 7, maxBytes: 64 * 1024 });
    found.push(...result.records.flatMap((piece) => decodeRecords(piece)));
    offset = result.nextOffset;
  }
  return found;
}

export const bodies = (records: readonly MessageRecord[]): string[] =>
  records.map(({ body }) => body.toString());
