import {
  RemotingClient,
  sendMessageV2,
  silentLog,
  systemClock,
  updateAndCreateTopic,
} from '@halfmq/remoting';
import { HalfmqClient } from '@halfmq/transaction';
import { until } from '../kit/until.js';
import type { Random } from '../power/random.js';

export interface StormOptions {
  readonly nameServer: string;
  readonly broker: string;
  /** at once, at most */
  readonly members: number;
  readonly seconds: number;
  /** between one change and the next of each of four, on average */
  readonly everyMs: number;
  readonly random: Random;
}

export interface StormReport {
  readonly joined: number;
  readonly left: number;
  readonly sent: number;
  readonly lost: number;
  /** handlings beyond the first of each message */
  readonly doubled: number;
  /** queues of which nobody handled what was sent to them at the end */
  readonly unowned: readonly number[];
}

const TOPIC = 'storm';
const GROUP = 'storm-members';
const QUEUES = 32;
/** Joins and leaves under way at once. */
const LANES = 4;
const SEND_EVERY_MS = 4;
const TIMEOUT_MS = 10_000;
const LIMIT_MS = 60_000;

/** Members of one consumer group join and leave at random, while messages are sent without a pause. */
export class Storm {
  /** those that have joined, and may leave */
  private readonly members = new Set<HalfmqClient>();
  private joining = 0;
  private readonly seen = new Map<string, number>();
  private readonly sent = new Set<string>();
  private readonly wire = new RemotingClient({ clock: systemClock, log: silentLog });
  private joined = 0;
  private left = 0;
  private number = 0;
  private blowing = true;

  constructor(private readonly options: StormOptions) {}

  async run(): Promise<StormReport> {
    const queues = { readQueueNums: QUEUES, writeQueueNums: QUEUES };
    await this.ask(updateAndCreateTopic, { topic: TOPIC, perm: 6, ...queues });
    try {
      await this.join();
      const sending = this.send();
      const lanes = Array.from({ length: LANES }, () => this.lane());
      await passed(this.options.seconds * 1_000);
      this.blowing = false;
      await Promise.all([sending, ...lanes]);
      if (this.members.size === 0) await this.join();
      return await this.report();
    } finally {
      await Promise.all([...this.members].map((member) => member.close()));
      await this.wire.close();
    }
  }

  private async lane(): Promise<void> {
    const { members, random } = this.options;
    while (this.blowing) {
      const leaves = this.members.size > members / 2 ? random.chance(0.6) : random.chance(0.3);
      if (leaves && this.members.size > 1) await this.leave();
      else if (this.members.size + this.joining < members) await this.join();
      await passed(random.below(2 * this.options.everyMs));
    }
  }

  private async join(): Promise<void> {
    const client = new HalfmqClient({ nameServers: this.options.nameServer });
    this.joining++;
    this.joined++;
    await client.start();
    const consumer = client.consumer({
      group: GROUP,
      subscriptions: { [TOPIC]: '*' },
      from: 'first',
      handle: async ({ body }) => {
        const name = body.toString();
        this.seen.set(name, (this.seen.get(name) ?? 0) + 1);
      },
    });
    await consumer.start();
    this.joining--;
    this.members.add(client);
  }

  private async leave(): Promise<void> {
    const [member] = this.options.random.shuffled([...this.members]);
    if (!member) return;
    this.members.delete(member);
    this.left++;
    await member.close();
  }

  private async send(): Promise<void> {
    while (this.blowing) {
      await this.sendTo(this.number % QUEUES);
      await passed(SEND_EVERY_MS);
    }
  }

  private async sendTo(queueId: number): Promise<string> {
    const name = `message-${this.number++}`;
    const header = {
      producerGroup: 'storm',
      topic: TOPIC,
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: QUEUES,
      queueId,
      sysFlag: 0,
      bornTimestamp: systemClock.now(),
      flag: 0,
    };
    await this.ask(sendMessageV2, header, Buffer.from(name));
    this.sent.add(name);
    return name;
  }

  private async report(): Promise<StormReport> {
    const last: string[] = [];
    for (let queueId = 0; queueId < QUEUES; queueId++) last.push(await this.sendTo(queueId));
    const all = (): boolean => [...this.sent].every((name) => this.seen.has(name));
    await until('all has come', all, LIMIT_MS).catch(() => undefined);
    return {
      joined: this.joined,
      left: this.left,
      sent: this.sent.size,
      lost: [...this.sent].filter((name) => !this.seen.has(name)).length,
      doubled: [...this.seen.values()].reduce((sum, times) => sum + times - 1, 0),
      unowned: last.flatMap((name, queueId) => (this.seen.has(name) ? [] : [queueId])),
    };
  }

  private async ask<H>(
    spec: Parameters<typeof this.wire.request<H>>[1],
    header: H,
    body?: Buffer,
  ): Promise<void> {
    const answer = await this.wire.request(this.options.broker, spec, header, body, {
      timeoutMs: TIMEOUT_MS,
    });
    if (answer.code !== 0) throw new Error(`${spec.name}: ${answer.code} ${answer.remark ?? ''}`);
  }
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => void systemClock.after(ms, resolve));
}
