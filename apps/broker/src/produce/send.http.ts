import {
  Body,
  Controller,
  HttpCode,
  Inject,
  Param,
  PayloadTooLargeException,
  Post,
  Req,
} from '@nestjs/common';
import {
  CURRENT_VERSION,
  PropertyName,
  StatusError,
  formatProperties,
  javaHashCode,
  parseHost,
  type Clock,
  type SendMessageAnswer,
  type SendMessageHeader,
} from '@halfmq/remoting';
import type { Request } from 'express';
import type { BrokerConfig } from '../config/resolve-config.js';
import { SystemTopic } from '../directory/topic-names.js';
import { CLOCK, CONFIG } from '../tokens.js';
import { Destination } from './destination.js';
import { SendRequest } from './send-request.js';
import { Send } from './send.js';

/** Answer 201 of a send. */
export interface SentMessage {
  /** UNIQ_KEY, the id by which it is found */
  readonly messageId: string;
  readonly offsetMessageId: string;
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly offset: number;
}

const GROUP = 'HALFMQ_HTTP_PRODUCER';
/** what RocketMQ's clients ask for */
const QUEUES_OF_A_NEW_TOPIC = 4;
const RESERVED: ReadonlySet<string> = new Set(Object.values(PropertyName));

/** Sends by HTTP: the same way into the log as by the wire. */
@Controller('v1/topics')
export class SendOverHttp {
  constructor(
    private readonly sends: Send,
    private readonly destination: Destination,
    @Inject(CONFIG) private readonly config: BrokerConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post(':topic/messages')
  @HttpCode(201)
  async send(
    @Param('topic') topic: string,
    @Body() given: SendRequest,
    @Req() request: Request,
  ): Promise<SentMessage> {
    const body = bodyOf(given, this.config.maxMessageSize);
    const header = this.header(topic, given);
    const { remoteAddress = '127.0.0.1', remotePort = 0 } = request.socket;
    const sender = { bornHost: parseHost(`[${remoteAddress}]:${remotePort}`), version: CURRENT_VERSION };
    const answer = await new Promise<SendMessageAnswer>((resolve, reject) => {
      const placed = this.sends.message(header, body, sender, (error) =>
        error ? reject(error) : resolve(placed),
      );
    });
    return {
      messageId: answer.transactionId ?? answer.msgId,
      offsetMessageId: answer.msgId,
      topic,
      brokerName: this.config.brokerName,
      queueId: answer.queueId,
      offset: answer.queueOffset,
    };
  }

  private header(topic: string, given: SendRequest): SendMessageHeader {
    const header: SendMessageHeader = {
      producerGroup: GROUP,
      topic,
      defaultTopic: SystemTopic.AUTO_CREATE_TEMPLATE,
      defaultTopicQueueNums: QUEUES_OF_A_NEW_TOPIC,
      queueId: -1,
      sysFlag: 0,
      bornTimestamp: this.clock.now(),
      flag: 0,
      properties: propertiesOf(given),
    };
    if (given.orderingKey === undefined) return header;
    const { writeQueueNums } = this.destination.topic(header);
    // as SelectMessageQueueByHash of the Java client: both doors agree on the queue of a key
    return { ...header, queueId: Math.abs(javaHashCode(given.orderingKey)) % Math.max(1, writeQueueNums) };
  }
}

function bodyOf(given: SendRequest, limit: number): Buffer {
  if ((given.body === undefined) === (given.bodyBase64 === undefined)) {
    throw new StatusError('INVALID_PARAMETER', 'exactly one of body and bodyBase64 is expected');
  }
  const text = typeof given.body === 'string' ? given.body : JSON.stringify(given.body);
  const body = given.bodyBase64 === undefined ? Buffer.from(text) : Buffer.from(given.bodyBase64, 'base64');
  if (body.length > limit) {
    throw new PayloadTooLargeException(
      `the message body has ${body.length} bytes, the limit is maxMessageSize ${limit}`,
    );
  }
  return body;
}

function propertiesOf({ properties = {}, tag, keys, orderingKey }: SendRequest): string {
  const own: [string, string][] = Object.entries(properties).map(([name, value]) => {
    if (RESERVED.has(name)) throw refused(name, 'is reserved');
    if (typeof value !== 'string') throw refused(name, 'is no text');
    if (/[\u0001\u0002]/.test(name + value)) throw refused(name, 'holds a control character');
    return [name, value];
  });
  if (tag) own.push([PropertyName.TAGS, tag]);
  if (keys && keys.length > 0) own.push([PropertyName.KEYS, keys.join(' ')]);
  if (orderingKey) own.push([PropertyName.SHARDING_KEY, orderingKey]);
  return formatProperties(own);
}

const refused = (name: string, why: string): StatusError =>
  new StatusError('INVALID_PARAMETER', `property ${name} ${why}`);
