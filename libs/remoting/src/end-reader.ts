import { CommandFlag } from './command.js';
import { SysFlag } from './codes.js';
import { FieldRow, type FieldAt } from './field-row.js';
import { boolean } from './fields.js';
import { BACKSLASH, FIRST_NON_ASCII, QUOTE, SPACE } from './header-bytes.js';
import { PlainReader, PlainRequest } from './plain-reader.js';
import { endTransaction, type EndTransactionHeader } from './requests/end-transaction.js';

/*
 * A *plain verdict* is a plain request (plain-reader.ts) of code 37 that says commit or rollback and whose ids are ASCII.
 * One-way ones, which classic clients send, are plain too. Its ids, new in each, stay bytes.
 */

/** A text of the frame that is being handled: gone with it. */
export class FrameText {
  at = 0;
  end = 0;

  constructor(private readonly of: { readonly source: Buffer }) {}

  get length(): number {
    return this.end - this.at;
  }

  /** Whether `other` has the same bytes from `from` on. */
  isAt(other: Uint8Array, from: number): boolean {
    const { source } = this.of;
    for (let at = this.at, there = from; at < this.end; at++, there++) {
      if (source[at] !== other[there]) return false;
    }
    return true;
  }

  toString(): string {
    return this.of.source.toString('latin1', this.at, this.end);
  }
}

/** The typed header of END_TRANSACTION. */
export class PlainEnd extends PlainRequest implements EndTransactionHeader {
  topic: string | undefined = undefined;
  producerGroup = '';
  tranStateTableOffset = 0;
  commitLogOffset = 0;
  commitOrRollback = 0;
  fromTransactionCheck: boolean | undefined = undefined;
  bname: string | undefined = undefined;
  source: Buffer = this.body;
  readonly msgIdText = new FrameText(this);
  readonly transactionIdText = new FrameText(this);
  /** a header without one is plain too */
  namesTransaction = false;

  get msgId(): string {
    return this.msgIdText.toString();
  }

  get transactionId(): string | undefined {
    return this.namesTransaction ? this.transactionIdText.toString() : undefined;
  }

  get oneWay(): boolean {
    return this.commandFlag === CommandFlag.ONE_WAY;
  }

  override clear(): void {
    super.clear();
    this.topic = undefined;
    this.fromTransactionCheck = undefined;
    this.bname = undefined;
    this.namesTransaction = false;
  }

  /** What is good for longer than this turn. */
  kept(): EndTransactionHeader {
    const { topic, producerGroup, tranStateTableOffset, commitLogOffset, commitOrRollback } = this;
    const { fromTransactionCheck, msgId, transactionId, bname } = this;
    const offsets = { tranStateTableOffset, commitLogOffset };
    const ids = { msgId, transactionId };
    return { topic, producerGroup, ...offsets, commitOrRollback, fromTransactionCheck, ...ids, bname };
  }
}

type Said = Pick<
  PlainEnd,
  | 'topic'
  | 'producerGroup'
  | 'commitOrRollback'
  | 'fromTransactionCheck'
  | 'bname'
  | 'namesTransaction'
  | 'commandFlag'
  | 'version'
  | 'languageName'
>;

/** Reads plain verdicts; one for all connections. */
export class EndReader extends PlainReader<Said> {
  readonly verdict = new PlainEnd();
  protected readonly request = this.verdict;
  private readonly columns = new FieldRow(endTransaction.columns);

  protected rowOf(code: number): FieldRow | undefined {
    return code === endTransaction.code ? this.columns : undefined;
  }

  protected varies({ key }: FieldAt): boolean {
    return (
      key === 'tranStateTableOffset' ||
      key === 'commitLogOffset' ||
      key === 'msgId' ||
      key === 'transactionId'
    );
  }

  protected said(): Said {
    const { topic, producerGroup, commitOrRollback, fromTransactionCheck, bname } = this.verdict;
    const { namesTransaction, commandFlag, version, languageName } = this.verdict;
    const fields = { topic, producerGroup, commitOrRollback, fromTransactionCheck, bname };
    return { ...fields, namesTransaction, commandFlag, version, languageName };
  }

  protected sayAgain(said: Said): void {
    Object.assign(this.verdict, said);
  }

  protected value(column: FieldAt): boolean {
    const { verdict } = this;
    switch (column.key) {
      case 'msgId':
        return this.span(verdict.msgIdText);
      case 'transactionId':
        return (verdict.namesTransaction = this.span(verdict.transactionIdText));
      default:
        return column.isNumber ? this.numberOf(column) : this.textOf(column);
    }
  }

  private numberOf(column: FieldAt): boolean {
    const value = this.number(column.is32Bit);
    if (value === undefined) return false;
    const { verdict } = this;
    switch (column.key) {
      case 'tranStateTableOffset':
        verdict.tranStateTableOffset = value;
        return true;
      case 'commitLogOffset':
        verdict.commitLogOffset = value;
        return true;
      default:
        verdict.commitOrRollback = value;
        return true;
    }
  }

  private textOf(column: FieldAt): boolean {
    const text = this.text(column);
    if (text === undefined) return false;
    const { verdict } = this;
    switch (column.key) {
      case 'producerGroup':
        verdict.producerGroup = text;
        return true;
      case 'topic':
        verdict.topic = text;
        return true;
      case 'fromTransactionCheck':
        verdict.fromTransactionCheck = boolean.parse(text);
        return true;
      default:
        verdict.bname = text;
        return true;
    }
  }

  /** From behind the opening quote to behind the closing one. */
  private span(text: FrameText): boolean {
    const { source, end } = this;
    let at = this.at;
    for (; at < end; at++) {
      const byte = source[at] as number;
      if (byte === QUOTE) break;
      if (byte < SPACE || byte >= FIRST_NON_ASCII || byte === BACKSLASH) return false;
    }
    if (at >= end) return false;
    text.at = this.at;
    text.end = at;
    this.at = at + 1;
    return true;
  }

  protected isPlain(): boolean {
    const { verdict } = this;
    verdict.source = this.source;
    const isVerdict =
      verdict.commitOrRollback === SysFlag.TRANSACTION_COMMIT ||
      verdict.commitOrRollback === SysFlag.TRANSACTION_ROLLBACK;
    return isVerdict && (verdict.commandFlag === 0 || verdict.oneWay);
  }
}
