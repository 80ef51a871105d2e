import { Controller } from '@nestjs/common';
import {
  NO_ANSWER,
  StatusError,
  sendBatchMessage,
  sendMessage,
  sendMessageV2,
  sendRun,
  type ExtFields,
  type Outcome,
  type Peer,
  type PlainSend,
  type RequestContext,
  type SendMessageAnswer,
  type SendMessageHeader,
  type SendRun,
} from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import { StoreError } from '@halfmq/store';
import { SendRows, bytesKept } from './send-rows.js';
import { Send } from './send.js';
import { statusOfStoreError } from './store-failure.js';

/** Sends by the remoting door. Answered when stored; the header's `batch`, not the code, makes a batch. */
@Controller()
export class SendHandlers {
  private readonly rows: SendRows;

  constructor(private readonly sends: Send) {
    this.rows = new SendRows(sends.answerFrames, (peer, { opaque, serializeType, extFields = {} }, error) =>
      peer.reply({ opaque, serializeType, oneWay: false }, this.failed(error, extFields)),
    );
  }

  /** Plain sends, as many as one read of a socket brought. */
  @Request(sendRun)
  run(run: SendRun, { peer }: RequestContext): Outcome {
    const row = this.rows.begin(peer);
    const refusal = this.sends.refusal(peer.waitedMs);
    for (let send = run.next(); send; send = run.next()) {
      try {
        if (refusal) throw refusal;
        if (send.batch) row.addBatch(send, this.sends.plainBatch(send, peer.remoteHost, row.stored));
        else row.add(send, this.sends.plain(send, peer.remoteHost, row.stored));
      } catch (error) {
        this.refuse(run, send, peer, error);
      }
    }
    row.placed();
    return NO_ANSWER;
  }

  private refuse(run: SendRun, send: PlainSend, peer: Peer, error: unknown): void {
    if (error instanceof StatusError || error instanceof StoreError) peer.reply(send, this.refusal(error));
    else run.fail(send, error);
  }

  @Request(sendMessage)
  message(header: SendMessageHeader, context: RequestContext): Outcome {
    return this.send(header, context);
  }

  @Request(sendMessageV2)
  messageV2(header: SendMessageHeader, context: RequestContext): Outcome {
    return this.send(header, context);
  }

  @Request(sendBatchMessage)
  batch(header: SendMessageHeader, context: RequestContext): Outcome {
    return this.send(header, context);
  }

  private send(header: SendMessageHeader, context: RequestContext): Outcome {
    const sender = { bornHost: context.peer.remoteHost, version: context.version, context };
    const kept = bytesKept(context.body);
    const answered = (outcome: Outcome): void => {
      context.peer.reply(context, outcome);
      context.peer.owes(-kept);
    };
    try {
      const answer = this.sends.message(header, context.body, sender, (error) =>
        answered(error ? this.failed(error, answer) : { status: 'OK', header: answer }),
      );
      context.peer.owes(kept);
      return NO_ANSWER;
    } catch (error) {
      return this.refusal(error);
    }
  }

  /** What was stored and not synced in time has its place, and its answer says which. */
  private failed(error: StoreError, answer: SendMessageAnswer | ExtFields): Outcome {
    const refusal = this.refusal(error);
    return error.kind === 'sync-timeout' ? { ...refusal, header: answer } : refusal;
  }

  /** With the answer's usual fields. Anything but a refusal is the caller's to log. */
  private refusal(error: unknown): Outcome {
    const header = this.sends.region.values;
    if (error instanceof StatusError) return { status: error.status, remark: error.message, header };
    if (error instanceof StoreError) {
      return { status: statusOfStoreError(error), remark: error.message, header };
    }
    throw error;
  }
}
