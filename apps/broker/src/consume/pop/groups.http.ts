import { Body, Controller, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import { formatReceipt, parseReceipt, StatusError, type Receipt } from '@halfmq/remoting';
import type { FastifyReply } from 'fastify';
import type { BrokerConfig } from '../../config/resolve-config.js';
import { retryDelayMs } from '../../directory/group-retry.js';
import type { GroupConfig } from '../../directory/group-config.js';
import type { Soon } from '../../soon.js';
import { shown, type Message } from '../../produce/shown-message.js';
import { ACKNOWLEDGING, CONFIG, GROUP_SETTINGS, RECEIVING } from '../../tokens.js';
import { filterOf } from '../selection.js';
import type { HandedOut } from './acknowledge.js';
import { AckBody, ExtendBody, NackBody, ReceiveBody } from './receive-request.js';
import type { Receive, ReceivedMessage } from './receive.js';

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

/** Is told what became of messages. */
export interface Acknowledging {
  /** @returns false: nobody had it any more */
  done(message: HandedOut): Soon<boolean>;
  /** @returns its new receipt; undefined: nobody had it any more */
  change(message: HandedOut, invisibleMs: number): Soon<Receipt | undefined>;
}

export interface GroupSettings {
  /** @param received by a member of it */
  find(group: string, received: HandedOut): Soon<GroupConfig | undefined>;
}

/** Consuming by HTTP: receive, then acknowledge, give back or ask for more time, each message on its own. */
@Controller('v1/groups')
export class GroupsOverHttp {
  constructor(
    @Inject(RECEIVING) private readonly receives: Pick<Receive, 'receive'>,
    @Inject(ACKNOWLEDGING) private readonly acknowledge: Acknowledging,
    @Inject(GROUP_SETTINGS) private readonly groups: GroupSettings,
    @Inject(CONFIG) private readonly config: Pick<BrokerConfig, 'messageDelayLevel'>,
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
  ack(@Param('group') group: string, @Body() { receipts }: AckBody): Promise<Taken> {
    return taken(group, receipts, (message) => this.acknowledge.done(message));
  }

  @Post(':group/nack')
  @HttpCode(200)
  nack(@Param('group') group: string, @Body() { receipts, retryInMs }: NackBody): Promise<Taken> {
    return taken(group, receipts, async ({ attempt, ...message }) => {
      const waitMs = retryInMs ?? (await this.retryAfterMs(message, attempt));
      return (await this.acknowledge.change(message, waitMs)) !== undefined;
    });
  }

  @Post(':group/extend')
  @HttpCode(200)
  async extend(
    @Param('group') group: string,
    @Body() { receipt, invisibleMs }: ExtendBody,
  ): Promise<{ receipt: string }> {
    const { attempt, ...message } = readReceipt(group, receipt);
    const changed = await this.acknowledge.change(message, invisibleMs);
    if (!changed)
      throw new StatusError('NO_MESSAGE', 'the receipt has expired, or its message was acknowledged');
    return { receipt: writeReceipt({ receipt: changed, liesIn: message.topic, attempt }) };
  }

  private async retryAfterMs(message: HandedOut, attempt: number): Promise<number> {
    const settings = await this.groups.find(message.group, message);
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

type Named = HandedOut & { readonly attempt: number };

/** @throws StatusError INVALID_PARAMETER */
function readReceipt(group: string, text: string): Named {
  const [topic = '', attempt = '', ...wire] = Buffer.from(text, 'base64url').toString().split(' ');
  const receipt = parseReceipt(wire.join(' '));
  if (receipt && /^\d{1,6}$/.test(attempt)) return { group, topic, receipt, attempt: Number(attempt) };
  throw new StatusError('INVALID_PARAMETER', `no receipt: ${text.slice(0, 64)}`);
}

/** @throws StatusError INVALID_PARAMETER: one of them is none, and nothing is done */
async function taken(
  group: string,
  receipts: readonly string[],
  take: (message: Named) => Soon<boolean>,
): Promise<Taken> {
  const messages = receipts.map((receipt) => readReceipt(group, receipt));
  const all = await Promise.all(messages.map((message) => tried(() => take(message))));
  const expired = receipts.filter((_, nth) => !all[nth]);
  return { taken: receipts.length - expired.length, expired };
}

/** A message that is gone, with its topic even, is one that has expired. */
async function tried(take: () => Soon<boolean>): Promise<boolean> {
  try {
    return await take();
  } catch (error) {
    const gone: readonly string[] = ['NO_MESSAGE', 'TOPIC_NOT_EXIST'];
    if (error instanceof StatusError && gone.includes(error.status)) return false;
    throw error;
  }
}
