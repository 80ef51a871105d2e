import { Body, Controller, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import {
  CURRENT_VERSION,
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
import { bodyOf, propertiesOf, queueOfKey } from './given-message.js';
import { Recall } from './recall.js';
import { RecallRequest, SendRequest } from './send-request.js';
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
  /** of one that waits for its time: takes it back */
  readonly recallHandle?: string | undefined;
}

const GROUP = 'HALFMQ_HTTP_PRODUCER';
/** what RocketMQ's clients ask for */
const QUEUES_OF_A_NEW_TOPIC = 4;

/** Sends by HTTP: the same way into the log as by the wire. */
@Controller('v1/topics')
export class SendOverHttp {
  constructor(
    private readonly sends: Send,
    private readonly destination: Destination,
    private readonly recalls: Recall,
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
      recallHandle: answer.recallHandle,
    };
  }

  /** A message that waits for its time is not delivered. */
  @Post(':topic/messages/recall')
  @HttpCode(200)
  async recall(
    @Param('topic') topic: string,
    @Body() { recallHandle }: RecallRequest,
  ): Promise<{ messageId: string }> {
    return { messageId: await this.recalls.recall({ topic, recallHandle }) };
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
      properties: propertiesOf(given, given.orderingKey),
    };
    if (given.orderingKey === undefined) return header;
    const { writeQueueNums } = this.destination.topic(header);
    return { ...header, queueId: queueOfKey(given.orderingKey, writeQueueNums) };
  }
}
