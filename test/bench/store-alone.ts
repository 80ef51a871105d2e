import { join } from 'node:path';
import { open } from 'lmdb';
import type { MessageStore, openStore, NewMessage, PlainMessage, Stored } from '@halfmq/store';
import { asUsual, workMessage } from '../kit/store-work.js';
import { diskBytes } from './disk.js';
import { writeNumber } from './frames.js';

/**
 * `node test/dist/bench/store-alone.js ours MODULE FOLDER COUNT` and `... bare - FOLDER COUNT`: groups of 256 messages of
 * 1 KiB into the store, and the same bytes packed into blocks and handed to LMDB with nothing around it. `ours` calls what
 * the broker calls for nearly all it stores: `appendPlain`, whose properties are bytes. `... general` calls `append`,
 * whose properties are a string. `... lone`: messages of 300 bytes, each stored before the next is sent, and what they
 * take on the disk once they were merged. Prints the figures as one line of JSON.
 */
const [, , mode, module = '', folder = '.', counted = '0'] = process.argv;
const COUNT = Number(counted);
const GROUP = mode === 'lone' ? 1 : 256;
const WARM_UP = mode === 'lone' ? 0 : 40_000;
const QUEUES = 4;
const RECORD = 1200;
const INDEX_ENTRY = 20;
const BLOCK = 64 * 4096 - 24;

function message(sequence: number): NewMessage {
  const id = `7F00000100002A9F${String(sequence).padStart(16, '0')}`;
  const properties = `UNIQ_KEY\u0001${id}\u0002WAIT\u0001true\u0002TAGS\u0001TagA\u0002`;
  return workMessage('BenchTopic', sequence % QUEUES, BODY, properties);
}
const BODY = Buffer.alloc(mode === 'lone' ? 300 : 1024, 'x');

/** One object and its bytes, filled again for each, as the broker does. */
const ID = 'UNIQ_KEY\u00017F00000100002A9F0000';
const PROPERTIES = Buffer.from(`${ID}${'0'.repeat(12)}\u0002WAIT\u0001true\u0002TAGS\u0001TagA\u0002`);
const TAG_A = 2598919;
const plain: { -readonly [Field in keyof PlainMessage]: PlainMessage[Field] } = {
  ...message(0),
  propertyBytes: PROPERTIES,
  propertyAt: 0,
  propertyLength: PROPERTIES.length,
  tagsCode: TAG_A,
};

function append(store: MessageStore, sequence: number, stored: Stored): void {
  if (mode !== 'ours') {
    store.append([message(sequence)], stored);
    return;
  }
  plain.queueId = sequence % QUEUES;
  writeNumber(PROPERTIES, ID.length, sequence);
  store.appendPlain(plain, stored);
}

async function ours(): Promise<Work> {
  const { openStore: openIt } = (await import(module)) as { openStore: typeof openStore };
  const store = await openIt(asUsual(folder));
  return {
    group(from) {
      return new Promise((resolve, reject) => {
        // a group is stored as a whole: the first answer is that of all
        const stored = (error?: Error): void => (error ? reject(error) : resolve());
        for (let nth = 0; nth < GROUP; nth++) append(store, from + nth, stored);
      });
    },
    recordBytes: () => store.maxPhysicalOffset,
    close: () => store.close(),
  };
}

interface Work {
  group(from: number): Promise<void>;
  recordBytes?(): number;
  close(): Promise<void>;
}

function bare(): Work {
  const path = join(folder, 'bare.mdb');
  const log = open<Buffer, number>({
    path,
    noSubdir: true,
    noSync: true,
    pageSize: 4096,
    mapSize: 8 * 1024 ** 3,
    encoding: 'binary',
  });
  const record = Buffer.alloc(RECORD, 7);
  const block = Buffer.alloc(BLOCK);
  const entries = Buffer.alloc((GROUP / QUEUES) * INDEX_ENTRY);
  let key = 0;
  return {
    async group() {
      log.transactionSync(() => {
        for (let left = GROUP, at = 0; left > 0; left--) {
          at += record.copy(block, at);
          if (at + RECORD <= BLOCK && left > 1) continue;
          void log.put(key++, block.subarray(0, at));
          at = 0;
        }
        for (let queue = 0; queue < QUEUES; queue++) void log.put(key++, entries);
      });
    },
    close: () => log.close(),
  };
}

async function groups(work: Work, from: number, count: number): Promise<void> {
  for (let at = from; at < from + count; at += GROUP) await work.group(at);
}

const work = mode === 'bare' ? bare() : await ours();
await groups(work, 0, WARM_UP);
const cpu = process.cpuUsage();
const begun = performance.now();
await groups(work, WARM_UP, COUNT);
const seconds = (performance.now() - begun) / 1000;
const { user, system } = process.cpuUsage(cpu);
const messages = Math.ceil(WARM_UP / GROUP) * GROUP + Math.ceil(COUNT / GROUP) * GROUP;
const needed = (work.recordBytes?.() ?? 0) + messages * INDEX_ENTRY;
await work.close();
const used = diskBytes(folder);
const figures = {
  perSecond: COUNT / seconds,
  cpuMicros: (user + system) / COUNT,
  diskGbPer10M: used / messages / 100,
  ...(needed > 0 && { diskRatio: used / needed }),
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
