import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { decodeOffsetMessageId, decodeRecord, formatHost, StatusError, type Host } from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import { LAST_MOMENT, shown, type Message } from '../produce/shown-message.js';
import { MESSAGE_STORE, STORE_HOST } from '../tokens.js';
import { MessageRequest, MessagesRequest } from './message-request.js';

export interface Messages {
  readonly items: readonly Message[];
  /** asks for what is older; none: that was all */
  readonly next?: string | undefined;
}

/** More is read by `cursor`. */
const MOST_BYTES = 8 * 1024 * 1024;

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
      before: asked.cursor === undefined ? undefined : Number(asked.cursor),
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
