import {
  NO_ANSWER,
  RecordView,
  SysFlag,
  type Clock,
  type EndTransactionHeader,
  type Outcome,
  type Peer,
  type PlainEnd,
} from '@halfmq/remoting';
import { StoreError, type MessageStore, type Stored } from '@halfmq/store';
import type { SendRow } from '../produce/send-rows.js';
import type { PlainEnds } from '../produce/send.handlers.js';
import type { EndTransaction } from './end-transaction.js';
import { FinalFromBytes } from './half-bytes.js';

/**
 * Verdicts that come in the express lane. One on a pending half message that is as the lane makes them (half-bytes.ts) is
 * decided from bytes; everything else, answers to checks and everything that is refused goes by EndTransaction.
 */
export class EndLane implements PlainEnds {
  private readonly view = new RecordView();
  private readonly final = new FinalFromBytes(this.view);

  constructor(
    private readonly clock: Clock,
    private readonly store: MessageStore,
    private readonly ending: EndTransaction,
  ) {}

  end(verdict: PlainEnd, peer: Peer, row: SendRow): void {
    if (this.decides(verdict, row.stored)) return row.addDone(verdict);
    const { oneWay, opaque, serializeType } = verdict;
    const asker = { oneWay, opaque, serializeType, remark: undefined, peer };
    const outcome = this.ending.end(verdict.kept(), asker);
    if (outcome !== NO_ANSWER) peer.reply(asker, outcome);
  }

  private decides(verdict: PlainEnd, stored: Stored): boolean {
    const { tranStateTableOffset: halfOffset, commitLogOffset, transactionIdText } = verdict;
    const half = this.store.halves.find(halfOffset)?.half;
    if (half?.producerGroup !== verdict.producerGroup || half.physicalOffset !== commitLogOffset)
      return false;
    const { view, final } = this;
    if (verdict.fromTransactionCheck === true || !verdict.namesTransaction) return false;
    if (!this.store.viewAt(view, commitLogOffset, halfOffset)) return false;
    if (!final.read(half.topic, transactionIdText, commitLogOffset)) return false;
    const commits = verdict.commitOrRollback === SysFlag.TRANSACTION_COMMIT;
    const said = { kind: commits ? 'commit' : 'rollback', by: 'producer', at: this.clock.now() } as const;
    try {
      return this.store.halves.decidePlain(half, said, commits ? final : undefined, stored);
    } catch (error) {
      // it is answered the general way, with the same error
      if (error instanceof StoreError) return false;
      throw error;
    }
  }

  failed(error: StoreError): Outcome {
    return this.ending.failed(error);
  }

  unheard(verdict: EndTransactionHeader, peer: Peer, error: StoreError): void {
    this.ending.unheard(verdict, peer, error.message);
  }
}
