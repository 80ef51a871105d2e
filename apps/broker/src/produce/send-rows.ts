import {
  SendAnswers,
  type Command,
  type Peer,
  type PlainSend,
  type SendAnswerFrames,
} from '@halfmq/remoting';
import type { Place, StoreError, Stored } from '@halfmq/store';

/** Rows kept to be used again: one for each connection that sends in one turn. */
const MOST_IDLE = 64;

/** Answers with the error where the answer given would have been the good one. */
type Refuse = (peer: Peer, answer: Command, error: StoreError) => void;

/** Answers of one run of plain sends: laid out when placed, written when stored. */
export class SendRow {
  private readonly answers: SendAnswers;
  private peer: Peer | undefined;

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
  }

  /** The store calls it once for all sends of the run: they are in one group. */
  readonly stored: Stored = (error) => {
    const { peer, answers } = this;
    if (!peer) return;
    if (!error) peer.replyFrames(answers.laidOut);
    else for (const answer of answers.read()) this.refuse(peer, answer, error);
    this.end();
  };

  /** Nothing of the run was placed: the store will not call. */
  endIfEmpty(): void {
    if (this.answers.isEmpty) this.end();
  }

  private end(): void {
    this.peer = undefined;
    this.answers.clear();
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
