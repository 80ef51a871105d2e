import { Controller } from '@nestjs/common';
import {
  recallMessage,
  SendMessageAnswer,
  sendReplyMessage,
  sendReplyMessageV2,
  StatusError,
  type Outcome,
  type RecallMessageHeader,
  type RequestContext,
  type SendMessageHeader,
} from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import { StoreError } from '@halfmq/store';
import { Recall } from './recall.js';
import { Reply } from './reply.js';
import { Send } from './send.js';
import { statusOfStoreError } from './store-failure.js';

/** Of replies whose clients have not said that they came. */
const MOST_WAITING_BYTES = 64 * 1024 * 1024;

/** What producers ask for beside sends: replies to be brought to who waits for them, messages to be taken back. */
@Controller()
export class ReplyHandlers {
  private waitingBytes = 0;

  constructor(
    private readonly replies: Reply,
    private readonly recalls: Recall,
    private readonly sends: Send,
  ) {}

  @Request(sendReplyMessage)
  reply(header: SendMessageHeader, context: RequestContext): Promise<Outcome> {
    return this.bring(header, context);
  }

  @Request(sendReplyMessageV2)
  replyV2(header: SendMessageHeader, context: RequestContext): Promise<Outcome> {
    return this.bring(header, context);
  }

  @Request(recallMessage)
  async recall(header: RecallMessageHeader): Promise<Outcome> {
    return { status: 'OK', header: { msgId: await this.recalls.recall(header) } };
  }

  /** As RocketMQ: pushed first, then stored; what could not be pushed is an error although it is stored. */
  private async bring(header: SendMessageHeader, context: RequestContext): Promise<Outcome> {
    const refusal = this.sends.refusal(context.peer.waitedMs);
    if (refusal) throw refusal;
    // the socket's memory is filled again while the client is asked
    const body = Buffer.from(context.body);
    const why = await this.push(header, body, context);
    const answer = this.replies.stores ? await this.store(header, body, context) : this.unstored(header);
    if (why === undefined) return { status: 'OK', header: answer };
    return { status: 'SYSTEM_ERROR', remark: why, header: answer };
  }

  /** Clients that take replies and do not say so must not make this broker keep them without end. */
  private async push(
    header: SendMessageHeader,
    body: Buffer,
    { peer }: RequestContext,
  ): Promise<string | undefined> {
    if (this.waitingBytes + body.length > MOST_WAITING_BYTES)
      throw new StatusError('SYSTEM_BUSY', '[OVERLOAD]too many replies wait for their clients');
    this.waitingBytes += body.length;
    try {
      return await this.replies.push(header, body, peer.remoteHost);
    } finally {
      this.waitingBytes -= body.length;
    }
  }

  private unstored({ queueId }: SendMessageHeader): SendMessageAnswer {
    return new SendMessageAnswer('0', queueId, 0, undefined, this.sends.region);
  }

  private store(
    header: SendMessageHeader,
    body: Buffer,
    { peer, version }: RequestContext,
  ): Promise<SendMessageAnswer> {
    return new Promise((resolve, reject) => {
      try {
        const sender = { bornHost: peer.remoteHost, version };
        const answer = this.sends.message(header, body, sender, (error) =>
          error ? reject(refused(error)) : resolve(answer),
        );
      } catch (error) {
        reject(error instanceof StoreError ? refused(error) : error);
      }
    });
  }
}

const refused = (error: StoreError): StatusError => new StatusError(statusOfStoreError(error), error.message);
