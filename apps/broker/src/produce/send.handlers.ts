import { Controller, Inject } from '@nestjs/common';
import {
  PlainEnd,
  NO_ANSWER,
  StatusError,
  sendBatchMessage,
  sendMessage,
  sendMessageV2,
  sendRun,
  type EndTransactionHeader,
  type ExtFields,
  type Outcome,
  type Peer,
  type Plain,
  type PlainSend,
  type RequestContext,
  type SendMessageAnswer,
  type SendMessageHeader,
  type SendRun,
} from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import { StoreError } from '@halfmq/store';
import { PLAIN_ENDS } from '../tokens.js';
import { SendRows, bytesKept, type SendRow } from './send-rows.js';
import { Send } from './send.js';
import { statusOfStoreError } from './store-failure.js';

/** Verdicts that come among plain sends: the room of transactions decides them. */
export interface PlainEnds {
  /** Answered in the row when it is placed, else by itself. Throws nothing a client is to hear. */
  end(verdict: PlainEnd, peer: Peer, row: SendRow): void;
  /** The answer of one whose group failed. */
  failed(error: StoreError): Outcome;
  /** A one-way one whose group failed. */
  unheard(verdict: EndTransactionHeader, peer: Peer, error: StoreError): void;
}

/** Sends by the remoting door. Answered when stored; the header's `batch`, not the code, makes a batch. */
@Controller()
export class SendHandlers {
  private readonly rows: SendRows;

  constructor(
    private readonly sends: Send,
    @Inject(PLAIN_ENDS) private readonly ends: PlainEnds,
  ) {
    this.rows = new SendRows(sends.answerFrames, {
      answer: (peer, { opaque, serializeType, extFields }, error) =>
        peer.reply(
          { opaque, serializeType, oneWay: false },
          extFields ? this.failed(error, extFields) : ends.failed(error),
        ),
      unheard: (peer, verdict, error) => ends.unheard(verdict, peer, error),
    });
  }

  /** Plain sends and verdicts, as many as one read of a socket brought. */
  @Request(sendRun)
  run(run: SendRun, { peer }: RequestContext): Outcome {
    const row = this.rows.begin(peer);
    // with SYNC_FLUSH a send waits for its sync only so long, a verdict for as long as it takes
    const verdicts = this.sends.syncs ? this.rows.begin(peer) : row;
    const refusal = this.sends.refusal(peer.waitedMs);
    for (let request = run.next(); request; request = run.next()) {
      try {
        if (request instanceof PlainEnd) this.ends.end(request, peer, verdicts);
        else if (refusal) throw refusal;
        else this.place(request, peer, row);
      } catch (error) {
        this.refuse(run, request, peer, error);
      }
    }
    row.placed();
    if (verdicts !== row) verdicts.placed();
    return NO_ANSWER;
  }

  private place(send: PlainSend, peer: Peer, row: SendRow): void {
    if (send.batch) row.addBatch(send, this.sends.plainBatch(send, peer.remoteHost, row.stored));
    else row.add(send, this.sends.plain(send, peer, row.stored));
  }

  private refuse(run: SendRun, request: Plain, peer: Peer, error: unknown): void {
    if (error instanceof StatusError || error instanceof StoreError) peer.reply(request, this.refusal(error));
    else run.fail(request, error);
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
