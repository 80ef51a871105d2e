import { updateAndCreateSubscriptiongroup, updateAndCreateTopic } from '@halfmq/remoting';
import type { Answer, GrpcClient, Received } from './grpc-client.js';
import { GrpcTrial } from './grpc-trial.js';

/** A broker whose topic `chats` has lite topics, and clients of the group `readers` that subscribe to some. */
export class LiteTrial {
  private constructor(readonly grpc: GrpcTrial) {}

  static async start(settings: Record<string, string> = {}): Promise<LiteTrial> {
    const trial = new LiteTrial(await GrpcTrial.start(settings));
    await trial.topic('chats');
    return trial;
  }

  topic(topic: string, attributes = '+message.type=LITE'): Promise<unknown> {
    const queues = { readQueueNums: 2, writeQueueNums: 2, perm: 6 };
    return this.grpc.pops.client.ask(updateAndCreateTopic, { topic, ...queues, attributes });
  }

  group(attributes: Record<string, string>, more: object = {}): Promise<unknown> {
    const document = { groupName: 'readers', attributes, ...more };
    return this.grpc.pops.client.ask(
      updateAndCreateSubscriptiongroup,
      {},
      Buffer.from(JSON.stringify(document)),
    );
  }

  async producer(): Promise<GrpcClient> {
    const client = this.grpc.client();
    await client.producer('chats');
    return client;
  }

  /** With these lite topics. */
  async reader(liteTopics: readonly string[], type = 'LITE_SIMPLE_CONSUMER'): Promise<LiteClient> {
    const client = new LiteClient(await this.grpc.consumer('chats', 'readers', type));
    await client.sync('COMPLETE_ADD', liteTopics);
    return client;
  }

  close(): Promise<void> {
    return this.grpc.close();
  }
}

/** A lite consumer of `readers`. */
export class LiteClient {
  constructor(readonly grpc: GrpcClient) {}

  sync(action: string, liteTopicSet: readonly string[], offsetOption?: object): Promise<Answer> {
    const names = { topic: { name: 'chats' }, group: { name: 'readers' } };
    return this.grpc.call('SyncLiteSubscription', { action, liteTopicSet, ...names, offsetOption });
  }

  async receive(more: object = {}): Promise<Received[]> {
    return (await this.grpc.receive('readers', 'chats', more)).messages;
  }

  async ack(...messages: readonly Received[]): Promise<string[]> {
    return Promise.all(
      messages.map(async (message) => (await this.grpc.ack('readers', 'chats', message)).status.code),
    );
  }

  change({ systemProperties }: Received, seconds: number, suspend = false): Promise<Answer> {
    const { messageId, receiptHandle } = systemProperties;
    const invisibleDuration = { seconds, nanos: 0 };
    const names = { topic: { name: 'chats' }, group: { name: 'readers' } };
    return this.grpc.call('ChangeInvisibleDuration', {
      ...names,
      messageId,
      receiptHandle,
      invisibleDuration,
      suspend,
    });
  }

  /** Lite topics of which it was told that they are another's. */
  get lost(): string[] {
    return this.grpc.told.flatMap(({ notifyUnsubscribeLiteCommand: command }) =>
      command ? [(command as { liteTopic: string }).liteTopic] : [],
    );
  }
}

export const say = (producer: GrpcClient, liteTopic: string, body: string): Promise<Answer> =>
  producer.send('chats', body, { messageType: 'LITE', liteTopic });
