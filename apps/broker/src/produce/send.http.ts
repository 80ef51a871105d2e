import { Body, Controller, Headers, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { formatProperties } from '@halfmq/remoting';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { BrokerConfig } from '../config/resolve-config.js';
import { BACKURLS, CONFIG, PLACING, RECALLING } from '../tokens.js';
import type { Backurls } from './backurls.js';
import { bornHostOf } from './born-host.js';
import { bodyOf, propertiesOf } from './given-message.js';
import { uniqueKeysOf } from './once.js';
import type { PlaceMessages } from './place-messages.js';
import { CONTENT_TYPE, SendDocument } from './raw-message.js';
import type { Recall } from './recall.js';
import { BatchRequest, RecallRequest, SendRequest } from './send-request.js';
import type { SentMessage } from './sent-messages.js';

const IDEMPOTENCY_KEY = 'idempotency-key';
const OK = 200;
/** says nothing about a body */
const ANY_BYTES = 'application/octet-stream';

/** Sends by HTTP: the same way into the log as by the wire. */
@Controller('v1/topics')
export class SendOverHttp {
  constructor(
    @Inject(PLACING) private readonly messages: Pick<PlaceMessages, 'place'>,
    @Inject(RECALLING) private readonly recalls: Pick<Recall, 'recall'>,
    @Inject(BACKURLS) private readonly backurls: Pick<Backurls, 'propertyOf'>,
    @Inject(CONFIG) private readonly config: Pick<BrokerConfig, 'maxMessageSize'>,
  ) {}

  /** 200 instead of 201 when its Idempotency-Key was there before. */
  @Post(':topic/messages')
  @HttpCode(201)
  async send(
    @Param('topic') topic: string,
    @SendDocument() given: SendRequest,
    @Headers(IDEMPOTENCY_KEY) key: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SentMessage | undefined> {
    const { orderingKey } = given;
    const raw = Buffer.isBuffer(request.body) ? request.body : undefined;
    const body = raw ?? bodyOf(given, this.config.maxMessageSize);
    const properties =
      propertiesOf(given, orderingKey) +
      (raw ? contentTypeOf(request) : '') +
      this.backurls.propertyOf(given);
    const { sent, made } = await this.messages.place({
      topic,
      messages: [{ body, properties }],
      batch: false,
      orderingKey,
      bornHost: bornHostOf(request),
      uniqueKeys: uniqueKeysOf(topic, key, 1),
    });
    if (!made) reply.status(OK);
    return sent[0];
  }

  /** Up to 1,000 messages, all or none, consecutive in one queue. */
  @Post(':topic/messages/batch')
  @HttpCode(201)
  async batch(
    @Param('topic') topic: string,
    @Body() { messages, orderingKey }: BatchRequest,
    @Headers(IDEMPOTENCY_KEY) key: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ items: readonly SentMessage[] }> {
    const { sent, made } = await this.messages.place({
      topic,
      messages: messages.map((each) => ({
        body: bodyOf(each, this.config.maxMessageSize),
        properties: propertiesOf(each, orderingKey),
      })),
      batch: true,
      orderingKey,
      bornHost: bornHostOf(request),
      uniqueKeys: uniqueKeysOf(topic, key, messages.length),
    });
    if (!made) reply.status(OK);
    return { items: sent };
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
}

/** Who gets the message by push is told what it is. */
function contentTypeOf({ headers }: FastifyRequest): string {
  const type = headers['content-type'] ?? ANY_BYTES;
  return type === ANY_BYTES ? '' : formatProperties([[CONTENT_TYPE, type]]);
}
