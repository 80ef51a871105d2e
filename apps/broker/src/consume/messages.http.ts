import { isUtf8 } from 'node:buffer';
import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import {
  decodeOffsetMessageId,
  decodeRecord,
  encodeOffsetMessageId,
  formatHost,
  parseProperties,
  PropertyName,
  shownBody,
  StatusError,
  type Host,
  type MessageRecord,
} from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import { MESSAGE_STORE, STORE_HOST } from '../tokens.js';
import { MessageRequest, MessagesRequest } from './message-request.js';

/** A stored message as REST shows it. Times are ISO 8601; a producer's that is no date, ms since 1970. */
export interface Message {
  /** UNIQ_KEY; the offset message id of one without */
  readonly messageId: string;
  readonly offsetMessageId: string;
  readonly topic: string;
  readonly queueId: number;
  readonly offset: number;
  readonly tag?: string | undefined;
  readonly keys: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
  /** inflated, where it can be; as base64 when it is no UTF-8 */
  readonly body?: string | undefined;
  readonly bodyBase64?: string | undefined;
  readonly bornAt: string;
  readonly bornHost: string;
  readonly storedAt: string;
  readonly reconsumeTimes: number;
}

export interface Messages {
  readonly items: readonly Message[];
  /** asks for what is older; none: that was all */
  readonly next?: string | undefined;
}

/** More is read by `next`. */
const MOST_BYTES = 8 * 1024 * 1024;
const LAST_MOMENT = 8.64e15;

/** Stored messages by business key and by id. */
@Controller('v1/messages')
export class MessagesOverHttp {
  constructor(
    @Inject(MESSAGE_STORE) private readonly store: MessageStore,
    @Inject(STORE_HOST) private readonly storeHost: Host,
  ) {}

  /** Newest first. */
  @Get()
  async list(@Query() asked: MessagesRequest): Promise<Messages> {
    const range = {
      from: momentOf('from', asked.from, 0),
      to: momentOf('to', asked.to, LAST_MOMENT),
      before: asked.next === undefined ? undefined : Number(asked.next),
    };
    const limits = { maxMessages: asked.limit, maxBytes: MOST_BYTES };
    const records = (await this.store.query(asked.topic, asked.key, range, limits)).map((each) =>
      decodeRecord(each),
    );
    const last = records.at(-1);
    const more = last && (await this.isMore(asked, { ...range, before: last.physicalOffset }));
    return { items: records.map(shown), next: more ? String(last.physicalOffset) : undefined };
  }

  private async isMore(asked: MessagesRequest, range: { from: number; to: number; before: number }) {
    const older = await this.store.query(asked.topic, asked.key, range, { maxMessages: 1, maxBytes: 1 });
    return older.length > 0;
  }

  @Get(':messageId')
  async one(@Param('messageId') id: string, @Query() { topic }: MessageRequest): Promise<Message> {
    const record = this.at(id) ?? (topic === undefined ? undefined : await this.byUniqueKey(topic, id));
    if (record) return shown(decodeRecord(record));
    throw new StatusError(
      'QUERY_NOT_FOUND',
      topic === undefined
        ? `no message with the offset message id ${id} is here: to look for a message id, name its topic (?topic=)`
        : `no message ${id} is in topic ${topic}`,
    );
  }

  /** A unique key may look like the id of an offset; one of ours names our address. */
  private at(id: string): Buffer | undefined {
    const named = decodeOffsetMessageId(id);
    if (!named) return undefined;
    const isOurs = formatHost(named.storeHost) === formatHost(this.storeHost);
    return isOurs ? this.store.recordAt(named.physicalOffset) : undefined;
  }

  private async byUniqueKey(topic: string, id: string): Promise<Buffer | undefined> {
    const limits = { maxMessages: 1, maxBytes: 1 };
    const [found] = await this.store.query(topic, id, { from: 0, to: LAST_MOMENT }, limits);
    return found;
  }
}

function momentOf(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const moment = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isNaN(moment)) throw new StatusError('INVALID_PARAMETER', `${name} is no moment: ${text}`);
  return moment;
}

function shown(record: MessageRecord): Message {
  const properties = parseProperties(record.properties);
  const offsetMessageId = encodeOffsetMessageId(record.storeHost, record.physicalOffset);
  const body = shownBody(record);
  return {
    messageId: properties.get(PropertyName.UNIQ_KEY) ?? offsetMessageId,
    offsetMessageId,
    topic: record.topic,
    queueId: record.queueId,
    offset: record.queueOffset,
    tag: properties.get(PropertyName.TAGS),
    keys: properties.get(PropertyName.KEYS)?.split(' ').filter(Boolean) ?? [],
    properties: Object.fromEntries(properties),
    ...(isUtf8(body) ? { body: body.toString() } : { bodyBase64: body.toString('base64') }),
    bornAt: shownMoment(record.bornTimestamp),
    bornHost: formatHost(record.bornHost),
    storedAt: shownMoment(record.storeTimestamp),
    reconsumeTimes: record.reconsumeTimes,
  };
}

function shownMoment(ms: number): string {
  return Math.abs(ms) <= LAST_MOMENT ? new Date(ms).toISOString() : String(ms);
}
