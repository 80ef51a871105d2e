import {
  SendAnswers,
  type Command,
  type EndTransactionHeader,
  type Peer,
  type PlainEnd,
  type PlainSend,
  type SendAnswerFrames,
} from '@halfmq/remoting';
import type { BatchPlaces, Place, StoreError, Stored } from '@halfmq/store';

/** Rows kept to be used again: one for each connection that sends in one turn. */
const MOST_IDLE = 64;

/** What a request and its answer take beside the body. */
const BYTES_A_SEND = 1024;

/** What a send keeps in memory until it is answered. */
export function bytesKept(body: Buffer): number {
  return BYTES_A_SEND + body.length;
}

/** What becomes of a run whose group failed. */
export interface Refuse {
  /** Answers with the error where the answer given would have been the good one. */
  answer(peer: Peer, answer: Command, error: StoreError): void;
  /** Of a one-way verdict nobody would hear otherwise. */
  unheard(peer: Peer, verdict: EndTransactionHeader, error: StoreError): void;
}

/** Answers of one run of plain sends and verdicts: laid out when placed, written when stored. */
export class SendRow {
  private readonly answers: SendAnswers;
  private readonly oneWay: EndTransactionHeader[] = [];
  private peer: Peer | undefined;
  private kept = 0;

  constructor(
    frames: SendAnswerFrames,
    private readonly refuse: Refuse,
    private readonly letGo: (row: SendRow) => void,
  ) {
    this.answers = new SendAnswers(frames);
  }

  begin(peer: Peer): this {
    this.peer = peer;
    return this;
  }

  add(send: PlainSend, place: Place): void {
    this.answers.add(send, place.queueOffset, place.physicalOffset);
    this.kept += bytesKept(send.body);
  }

  addBatch(send: PlainSend, places: BatchPlaces): void {
    this.answers.addBatch(send, places);
    this.kept += bytesKept(send.body);
  }

  /** A verdict was placed. */
  addDone(verdict: PlainEnd): void {
    if (verdict.oneWay) this.oneWay.push(verdict.kept());
    else this.answers.addDone(verdict.opaque);
    this.kept += BYTES_A_SEND;
  }

  /** The store calls it once for all of the run: it is in one group. */
  readonly stored: Stored = (error) => {
    const { peer, answers, oneWay } = this;
    if (!peer) return;
    if (!error) peer.replyFrames(answers.laidOut);
    else {
      for (const answer of answers.read()) this.refuse.answer(peer, answer, error);
      for (const verdict of oneWay) this.refuse.unheard(peer, verdict, error);
    }
    this.end();
  };

  /** The whole run was; if nothing of it was, the store will not call. */
  placed(): void {
    if (this.kept === 0) this.end();
    else this.peer?.owes(this.kept);
  }

  private end(): void {
    if (this.kept > 0) this.peer?.owes(-this.kept);
    this.kept = 0;
    this.peer = undefined;
    this.answers.clear();
    this.oneWay.length = 0;
    this.letGo(this);
  }
}

/** Rows, used again when their answers are written. */
export class SendRows {
  private readonly idle: SendRow[] = [];

  constructor(
    private readonly frames: SendAnswerFrames,
    private readonly refuse: Refuse,
  ) {}

  begin(peer: Peer): SendRow {
    const row =
      this.idle.pop() ??
      new SendRow(this.frames, this.refuse, (left) => {
        if (this.idle.length < MOST_IDLE) this.idle.push(left);
      });
    return row.begin(peer);
  }
}
