import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { shown } from '../produce/shown-message.js';
import type { Messages } from './messages.http.js';
import { BrowseRequest, TailRequest } from './topic-request.js';
import { Tails } from './tails.js';
import { TopicReaders } from './topic-reader.js';

/** A topic's messages for whoever looks: nobody's offset moves. */
@Controller('v1/topics')
export class TopicsOverHttp {
  constructor(
    private readonly readers: TopicReaders,
    private readonly tails: Tails,
  ) {}

  /** The oldest first. */
  @Get(':topic/messages')
  browse(@Param('topic') topic: string, @Query() { tags, limit, cursor }: BrowseRequest): Messages {
    const reader = this.readers.open(topic, tags, cursor === undefined ? 'earliest' : { after: cursor });
    const items = reader.read(limit).map(({ record }) => shown(record));
    return { items, next: reader.isBehind ? reader.next : undefined };
  }

  /** Server-sent events, each a message that is stored from now on, or after `Last-Event-ID`. */
  @Get(':topic/tail')
  tail(
    @Param('topic') topic: string,
    @Query() { tags }: TailRequest,
    @Headers('last-event-id') last: string | undefined,
    @Res() reply: FastifyReply,
  ): void {
    const from = last === undefined || last === '' ? 'latest' : { after: last };
    const reader = this.readers.open(topic, tags, from);
    this.tails.begin(reader, reply.hijack().raw);
  }
}
