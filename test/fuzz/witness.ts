import {
  decodeRecords,
  deleteSubscriptiongroup,
  deleteTopicInBroker,
  getAllSubscriptiongroupConfig,
  getAllTopicConfig,
  getRouteinfoByTopic,
  parseLenientJson,
  pullMessage,
  PullSysFlag,
  RemotingClient,
  sendMessageV2,
  silentLog,
  systemClock,
  updateAndCreateTopic,
  type Command,
  type RequestSpec,
} from '@halfmq/remoting';
import { compare } from '../kit/checks.js';
import { readAll } from '../kit/wire.js';
import { Intact, INTACT_QUEUES, INTACT_TOPIC } from './intact.js';
import type { Target } from './target.js';
import { GROUPS, TOPICS } from './words.js';

const TIMEOUT_MS = 15_000;

/** A user who knows nothing of the fuzz: what it asks for has to be answered as always. */
export class Witness {
  private readonly client = new RemotingClient({ clock: systemClock, log: silentLog });
  private known = new Set<string>();

  constructor(
    private readonly target: Target,
    private readonly intact: Intact,
  ) {}

  async begin(): Promise<void> {
    const queues = { readQueueNums: INTACT_QUEUES, writeQueueNums: INTACT_QUEUES };
    await this.ok(updateAndCreateTopic, { topic: INTACT_TOPIC, perm: 6, ...queues });
    this.known = new Set([...(await this.topics()), ...(await this.groups()), ...TOPICS, ...GROUPS]);
  }

  /** @returns what is not as always, a line each */
  async look(): Promise<string[]> {
    const all = await Promise.all([
      tried('a send and a pull', () => this.sendAndPull()),
      tried('GET /health', () => this.health()),
      tried('a route', () => this.ok(getRouteinfoByTopic, { topic: INTACT_TOPIC }, this.target.nameServer)),
    ]);
    return all.flat();
  }

  /**
   * Names that nobody had before, as changed bytes make them, go again: they would be counted as growth.
   * @returns what is not as always, a line each
   */
  tidy(): Promise<string[]> {
    return tried('deleting topics and groups', () => this.deleteUnknown());
  }

  private async deleteUnknown(): Promise<void> {
    for (const topic of await this.topics())
      if (!this.known.has(topic)) await this.ask(deleteTopicInBroker, { topic });
    for (const groupName of await this.groups())
      if (!this.known.has(groupName))
        await this.ask(deleteSubscriptiongroup, { groupName, cleanOffset: true });
  }

  /** @returns what of the messages sent among the fuzz has not arrived as it was */
  async compareIntact(): Promise<string[]> {
    const wrong: string[] = [];
    const unread = await tried('reading', async () => void wrong.push(...(await this.compared())));
    return [...unread, ...wrong];
  }

  private async compared(): Promise<string[]> {
    const { answered, refused } = this.intact;
    const found = await readAll(this.client, this.target.broker, INTACT_TOPIC, INTACT_QUEUES);
    const wrong = Object.entries(compare(answered, found)).flatMap(
      ([what, list]: [string, readonly unknown[]]) =>
        list.length === 0
          ? []
          : [`${what}: ${list.length} of ${answered.length} messages, such as ${JSON.stringify(list[0])}`],
    );
    return [...wrong, ...[...refused].map(([why, times]) => `${times} valid messages were refused: ${why}`)];
  }

  close(): Promise<void> {
    return this.client.close();
  }

  private async sendAndPull(): Promise<void> {
    const message = this.intact.next();
    const answer = await this.ok(sendMessageV2, message.header, this.target.broker, message.body);
    this.intact.took(message, answer);
    const pulled = await this.ok(pullMessage, {
      consumerGroup: 'intact-readers',
      topic: INTACT_TOPIC,
      queueId: message.header.queueId,
      queueOffset: Number(answer.extFields?.['queueOffset']),
      maxMsgNums: 1,
      sysFlag: PullSysFlag.SUBSCRIPTION,
      commitOffset: 0,
      suspendTimeoutMillis: 0,
      subVersion: 0,
    });
    const [record] = decodeRecords(pulled.body);
    if (!record?.body.equals(message.body)) throw new Error(`another message came: ${String(record?.body)}`);
  }

  private async health(): Promise<void> {
    const url = `http://127.0.0.1:${this.target.httpPort}/health`;
    const { status } = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (status !== 200) throw new Error(`status ${status}`);
  }

  private async topics(): Promise<string[]> {
    return this.names(getAllTopicConfig, 'topicConfigTable');
  }

  private async groups(): Promise<string[]> {
    return this.names(getAllSubscriptiongroupConfig, 'subscriptionGroupTable');
  }

  private async names(spec: RequestSpec<object>, table: string): Promise<string[]> {
    const { body } = await this.ok(spec, {});
    const answer = parseLenientJson(body.toString()) as Record<string, object>;
    return Object.keys(answer[table] ?? {});
  }

  private ask<H>(
    spec: RequestSpec<H>,
    header: H,
    address = this.target.broker,
    body?: Buffer,
  ): Promise<Command> {
    return this.client.request(address, spec, header, body, { timeoutMs: TIMEOUT_MS });
  }

  private async ok<H>(spec: RequestSpec<H>, header: H, address?: string, body?: Buffer): Promise<Command> {
    const answer = await this.ask(spec, header, address, body);
    if (answer.code !== 0) throw new Error(`${spec.name}: ${answer.code} ${answer.remark ?? ''}`);
    return answer;
  }
}

async function tried(what: string, act: () => Promise<unknown>): Promise<string[]> {
  try {
    await act();
    return [];
  } catch (error) {
    return [`${what} does not succeed: ${String(error)}`];
  }
}
