import { once } from 'node:events';
import {
  ChannelCredentials,
  Metadata,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { MessagingService } from './grpc-contract.js';

/** What a test looks at of an answer: documents of the contract, in camel case, enums by name. */
export type Answer = { readonly status: { readonly code: string; readonly message: string } } & Record<
  string,
  unknown
>;

export interface Received {
  readonly body: Buffer;
  readonly userProperties: Record<string, string>;
  readonly systemProperties: Record<string, unknown> & {
    readonly messageId: string;
    readonly receiptHandle: string;
    readonly deliveryAttempt: number;
  };
}

let clients = 0;

/** Speaks the contract as any client would, call by call, and holds a telemetry stream. */
export class GrpcClient {
  readonly id = `client-${++clients}`;
  private readonly stub: InstanceType<ServiceClientConstructor>;
  private telemetry: ClientDuplexStream<object, object> | undefined;
  private readonly streams = new Set<ClientReadableStream<Record<string, unknown>>>();
  /** what the broker has said on it */
  readonly told: Record<string, unknown>[] = [];
  /** why it ended */
  ended: Error | undefined;

  constructor(port: number | undefined, credentials = ChannelCredentials.createInsecure()) {
    this.stub = new MessagingService(`127.0.0.1:${port}`, credentials, {
      'grpc.max_send_message_length': -1,
      // Node.js 26 refuses an IP address for a name, which grpc-js would give
      'grpc.ssl_target_name_override': 'localhost',
    });
  }

  /** Says what it is, and has the broker's answer when it returns. */
  async settings(settings: object): Promise<Record<string, unknown>> {
    const stream = (this.telemetry ??= this.open());
    const before = this.told.length;
    stream.write({ settings });
    while (this.told.length === before) {
      if (this.ended) throw this.ended;
      // rejects with the stream's error, which is in `ended` then
      await once(stream, 'data').catch(() => undefined);
    }
    return this.told[before]?.['settings'] as Record<string, unknown>;
  }

  producer(...topics: string[]): Promise<Record<string, unknown>> {
    return this.settings({
      clientType: 'PRODUCER',
      publishing: { topics: topics.map((name) => ({ name })) },
    });
  }

  consumer(group: string, topic: string, type = 'SIMPLE_CONSUMER'): Promise<Record<string, unknown>> {
    const expression = { type: 'TAG', expression: '*' };
    const subscriptions = [{ topic: { name: topic }, expression }];
    return this.settings({ clientType: type, subscription: { group: { name: group }, subscriptions } });
  }

  say(command: object): void {
    this.telemetry?.write(command);
  }

  /** @param timeoutMs of real time */
  call(method: string, request: object, headers: Record<string, string> = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const call = this.stub[method]?.bind(this.stub) as Unary;
      call(request, this.metadata(headers), { deadline: deadline() }, (error, answer) =>
        error ? reject(error) : resolve(answer),
      );
    });
  }

  /** One message, with its id. */
  async send(
    topic: string,
    body: string | Buffer,
    system: object = {},
    userProperties: object = {},
  ): Promise<Answer> {
    const messageId = `01${Buffer.from(`${this.id} ${Math.random()}`).toString('hex').slice(0, 32).toUpperCase()}`;
    const systemProperties = { messageId, bodyEncoding: 'IDENTITY', messageType: 'NORMAL', ...system };
    const messages = [{ topic: { name: topic }, userProperties, systemProperties, body: Buffer.from(body) }];
    return this.call('SendMessage', { messages });
  }

  /** The stream of a receive, as it comes. */
  receiving(group: string, topic: string, more: object = {}): ClientReadableStream<Record<string, unknown>> {
    return this.stream('ReceiveMessage', receiveRequest(group, topic, more));
  }

  private stream(method: string, request: object): ClientReadableStream<Record<string, unknown>> {
    const open = this.stub[method]?.bind(this.stub) as Streaming;
    const call = open(request, this.metadata({}), { deadline: deadline() });
    this.streams.add(call);
    call.once('close', () => this.streams.delete(call));
    return call;
  }

  /** @param queue the topic, the queue's id and its broker, as a route names them */
  async pull(
    group: string,
    messageQueue: object,
    offset: number,
    more: object = {},
  ): Promise<{ status: string; messages: Received[]; nextOffset: number | undefined }> {
    let status = 'none';
    let nextOffset: number | undefined;
    const messages: Received[] = [];
    const request = { group: { name: group }, messageQueue, offset, batchSize: 32, ...more };
    for await (const element of this.stream('PullMessage', request)) {
      const said = element as { message?: Received; status?: { code: string }; nextOffset?: number };
      if (said.message) messages.push(said.message);
      if (said.status) status = said.status.code;
      nextOffset = said.nextOffset ?? nextOffset;
    }
    return { status, messages, nextOffset };
  }

  async receive(
    group: string,
    topic: string,
    more: object = {},
  ): Promise<{ status: string; messages: Received[] }> {
    let status = 'none';
    const messages: Received[] = [];
    for await (const element of this.receiving(group, topic, more)) {
      const { message, status: said } = element as { message?: Received; status?: { code: string } };
      if (message) messages.push(message);
      if (said) status = said.code;
    }
    return { status, messages };
  }

  ack(group: string, topic: string, { systemProperties }: Received): Promise<Answer> {
    const { messageId, receiptHandle } = systemProperties;
    return this.call('AckMessage', {
      group: { name: group },
      topic: { name: topic },
      entries: [{ messageId, receiptHandle }],
    });
  }

  /** Without a word, as when it is killed. */
  close(): void {
    this.telemetry?.on('error', () => undefined);
    this.telemetry?.cancel();
    for (const call of this.streams) call.cancel();
    this.stub.close();
  }

  private open(): ClientDuplexStream<object, object> {
    const call = this.stub['Telemetry']?.bind(this.stub) as Duplex;
    // as the Java client says that it has no end
    const stream = call(this.metadata({}), { deadline: new Date(new Date().getTime() + CENTURIES_MS) });
    stream.on('data', (command: Record<string, unknown>) => this.told.push(command));
    stream.on('error', (error) => (this.ended = error));
    return stream;
  }

  private metadata(more: Record<string, string>): Metadata {
    const metadata = new Metadata();
    const own = { 'x-mq-client-id': this.id, 'x-mq-language': 'JAVA', 'x-mq-client-version': '5.0.8' };
    for (const [name, value] of Object.entries({ ...own, ...more })) metadata.set(name, value);
    return metadata;
  }
}

/** Up to 32 messages of any queue, for 30 s. */
export function receiveRequest(group: string, topic: string, more: object = {}): object {
  return {
    group: { name: group },
    messageQueue: { topic: { name: topic }, id: -1 },
    filterExpression: { type: 'TAG', expression: '*' },
    batchSize: 32,
    invisibleDuration: { seconds: 30, nanos: 0 },
    longPollingTimeout: { seconds: 5, nanos: 0 },
    ...more,
  };
}

export function requestFrame(method: string, request: object): Buffer {
  return framed(MessagingService.service[method]?.requestSerialize(request));
}

export function answerFrame(method: string, answer: object): Buffer {
  return framed(MessagingService.service[method]?.responseSerialize(answer));
}

/** A message as it travels, behind its flag and its length. */
function framed(message: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

type Options = { readonly deadline: Date };
type Unary = (
  request: object,
  metadata: Metadata,
  options: Options,
  answered: (error: Error | null, answer: Answer) => void,
) => void;
type Streaming = (
  request: object,
  metadata: Metadata,
  options: Options,
) => ClientReadableStream<Record<string, unknown>>;
type Duplex = (metadata: Metadata, options: Options) => ClientDuplexStream<object, object>;

const CENTURIES_MS = 99e6 * 3.6e6;
const PATIENCE_MS = 20_000;
const deadline = (): Date => new Date(new Date().getTime() + PATIENCE_MS);
