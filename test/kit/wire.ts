import {
  decodeRecords,
  getMaxOffset,
  getMinOffset,
  parseProperties,
  pullMessage,
  ResponseCode,
  sendMessageV2,
  type MessageRecord,
  type RemotingClient,
} from '@halfmq/remoting';
import { crc32 } from '@node-rs/crc32';
import type { Answered, Found } from './checks.js';

const TIMEOUT_MS = 5_000;

/** Sends as fast as its window allows, on the bare wire, and remembers what was answered. Failures end its lanes. */
export class Sender {
  readonly answered: Answered[] = [];
  private running = true;
  private readonly lanes: Promise<void>[] = [];
  private next = 0;

  constructor(
    private readonly client: RemotingClient,
    private readonly address: string,
    private readonly topic: string,
    private readonly queues: number,
    private readonly name: string,
  ) {}

  start(window: number): void {
    for (let i = 0; i < window; i++) this.lanes.push(this.lane());
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.lanes);
  }

  private async lane(): Promise<void> {
    while (this.running) {
      const sequence = this.next++;
      try {
        await this.send(sequence);
      } catch {
        this.running = false;
      }
    }
  }

  private async send(sequence: number): Promise<void> {
    const uniqueKey = `${this.name}-${sequence}`;
    const body = `${uniqueKey}:${'x'.repeat(sequence % 700)}`;
    const queueId = sequence % this.queues;
    const answer = await this.client.request(
      this.address,
      sendMessageV2,
      {
        producerGroup: 'faults',
        topic: this.topic,
        defaultTopic: 'TBW102',
        defaultTopicQueueNums: this.queues,
        queueId,
        sysFlag: 0,
        bornTimestamp: 1_700_000_000_000,
        flag: 0,
        properties: `UNIQ_KEY\u0001${uniqueKey}\u0002`,
      },
      Buffer.from(body),
      { timeoutMs: TIMEOUT_MS },
    );
    if (answer.code !== ResponseCode.SUCCESS) return;
    this.answered.push({ uniqueKey, queueId, queueOffset: Number(answer.extFields?.['queueOffset']), body });
  }
}

/** Every message of a topic, by pull, from the first offset of each queue to the last. */
export async function readAll(
  client: RemotingClient,
  address: string,
  topic: string,
  queues: number,
): Promise<Found[]> {
  const found: Found[] = [];
  for (let queueId = 0; queueId < queues; queueId++) {
    const offsetOf = async (spec: typeof getMinOffset | typeof getMaxOffset): Promise<number> => {
      const answer = await client.request(address, spec, { topic, queueId }, undefined, {
        timeoutMs: TIMEOUT_MS,
      });
      return Number(answer.extFields?.['offset']);
    };
    const end = await offsetOf(getMaxOffset);
    let offset = await offsetOf(getMinOffset);
    while (offset < end) {
      const records = await pull(client, address, topic, queueId, offset);
      if (records.length === 0)
        throw new Error(`queue ${queueId} ends at ${offset} before its maximum ${end}`);
      found.push(...records.map(foundOf));
      offset = (records.at(-1)?.queueOffset ?? offset) + 1;
    }
  }
  return found;
}

async function pull(
  client: RemotingClient,
  address: string,
  topic: string,
  queueId: number,
  queueOffset: number,
): Promise<MessageRecord[]> {
  const answer = await client.request(
    address,
    pullMessage,
    {
      consumerGroup: 'faults',
      topic,
      queueId,
      queueOffset,
      maxMsgNums: 32,
      sysFlag: 4,
      commitOffset: 0,
      suspendTimeoutMillis: 0,
      subscription: '*',
      subVersion: 0,
      expressionType: 'TAG',
    },
    undefined,
    { timeoutMs: TIMEOUT_MS },
  );
  return answer.code === ResponseCode.SUCCESS ? decodeRecords(answer.body) : [];
}

function foundOf(record: MessageRecord): Found {
  return {
    uniqueKey: parseProperties(record.properties).get('UNIQ_KEY') ?? '',
    queueId: record.queueId,
    queueOffset: record.queueOffset,
    body: record.body.toString(),
    crcHolds: (crc32(record.body) & 0x7fffffff) === record.bodyCrc,
  };
}
