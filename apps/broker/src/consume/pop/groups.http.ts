import { Body, Controller, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import { formatReceipt, parseReceipt, StatusError } from '@halfmq/remoting';
import type { FastifyReply } from 'fastify';
import type { BrokerConfig } from '../../config/resolve-config.js';
import { retryDelayMs } from '../../directory/group-retry.js';
import { Groups } from '../../directory/groups.js';
import { shown, type Message } from '../../produce/shown-message.js';
import { CONFIG } from '../../tokens.js';
import { filterOf } from '../selection.js';
import { Acknowledge, type HandedOut } from './acknowledge.js';
import { AckBody, ExtendBody, NackBody, ReceiveBody } from './receive-request.js';
import { Receive, type ReceivedMessage } from './receive.js';

/** A message, and what its consumer shows for it. */
export interface Received extends Message {
  readonly receipt: string;
  /** 1 for the first delivery */
  readonly attempt: number;
}

/** What became of receipts: those that are worth nothing any more have expired or were acknowledged before. */
export interface Taken {
  readonly taken: number;
  readonly expired: readonly string[];
}

/** Consuming by HTTP: receive, then acknowledge, give back or ask for more time, each message on its own. */
@Controller('v1/groups')
export class GroupsOverHttp {
  constructor(
    private readonly receives: Receive,
    private readonly acknowledge: Acknowledge,
    private readonly groups: Groups,
    @Inject(CONFIG) private readonly config: BrokerConfig,
  ) {}

  @Post(':group/receive')
  @HttpCode(200)
  async receive(
    @Param('group') group: string,
    @Body() asked: ReceiveBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ items: readonly Received[] }> {
    const { topic, max: most, invisibleMs, waitMs, ordered } = asked;
    const filter = filterOf(asked);
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const request = { group, topic, most, invisibleMs, waitMs, ordered, ...filter };
    const messages = await this.receives.receive(request, gone.signal);
    return { items: messages.map(received) };
  }

  @Post(':group/ack')
  @HttpCode(200)
  ack(@Param('group') group: string, @Body() { receipts }: AckBody): Taken {
    return taken(receipts, (receipt) => this.acknowledge.done(readReceipt(group, receipt)));
  }

  @Post(':group/nack')
  @HttpCode(200)
  nack(@Param('group') group: string, @Body() { receipts, retryInMs }: NackBody): Taken {
    return taken(receipts, (receipt) => {
      const { attempt, ...message } = readReceipt(group, receipt);
      return this.acknowledge.change(message, retryInMs ?? this.retryAfterMs(group, attempt)) !== undefined;
    });
  }

  @Post(':group/extend')
  @HttpCode(200)
  extend(@Param('group') group: string, @Body() { receipt, invisibleMs }: ExtendBody): { receipt: string } {
    const { attempt, ...message } = readReceipt(group, receipt);
    const changed = this.acknowledge.change(message, invisibleMs);
    if (!changed)
      throw new StatusError('NO_MESSAGE', 'the receipt has expired, or its message was acknowledged');
    return { receipt: writeReceipt({ receipt: changed, liesIn: message.topic, attempt }) };
  }

  private retryAfterMs(group: string, attempt: number): number {
    const settings = this.groups.find(group);
    return settings ? retryDelayMs(settings, attempt - 1, this.config.messageDelayLevel) : 0;
  }
}

function received(message: ReceivedMessage): Received {
  return { receipt: writeReceipt(message), attempt: message.attempt, ...shown(message.record) };
}

/** The wire's receipt does not say the topic, nor how often the message came: over HTTP it is all there is. */
function writeReceipt({
  receipt,
  liesIn,
  attempt,
}: Pick<ReceivedMessage, 'receipt' | 'liesIn' | 'attempt'>): string {
  return Buffer.from(`${liesIn} ${attempt} ${formatReceipt(receipt)}`).toString('base64url');
}

/** @throws StatusError INVALID_PARAMETER */
function readReceipt(group: string, text: string): HandedOut & { readonly attempt: number } {
  const [topic = '', attempt = '', ...wire] = Buffer.from(text, 'base64url').toString().split(' ');
  const receipt = parseReceipt(wire.join(' '));
  if (receipt && /^\d{1,6}$/.test(attempt)) return { group, topic, receipt, attempt: Number(attempt) };
  throw new StatusError('INVALID_PARAMETER', `no receipt: ${text.slice(0, 64)}`);
}

function taken(receipts: readonly string[], take: (receipt: string) => boolean): Taken {
  const expired = receipts.filter((receipt) => !tried(() => take(receipt)));
  return { taken: receipts.length - expired.length, expired };
}

/** A message that is gone, with its topic even, is one that has expired. */
function tried(take: () => boolean): boolean {
  try {
    return take();
  } catch (error) {
    const gone: readonly string[] = ['NO_MESSAGE', 'TOPIC_NOT_EXIST'];
    if (error instanceof StatusError && gone.includes(error.status)) return false;
    throw error;
  }
}
