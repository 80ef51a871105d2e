import { JSON_HEADER, type SerializeType } from './command.js';
import { FieldRow, type FieldAt } from './field-row.js';
import { boolean } from './fields.js';
import type { FrameAt } from './frame.js';
import { CLOSE, COMMA, HeaderBytes, OPEN } from './header-bytes.js';
import { PropertyBytes } from './property-bytes.js';
import { sendBatchMessage } from './requests/send-batch-message.js';
import { sendMessage } from './requests/send-message.js';
import { sendMessageV2 } from './requests/send-message-v2.js';
import type { SendMessageHeader } from './requests/send-message.js';

/*
 * The express lane of sends. A frame is a *plain send* when
 *
 *   its header is JSON as clients write it: no blanks, the code (10, 310 or 320) before the extFields, every field a
 *     text, none missing or malformed;
 *   it is answered (not one-way);
 *   its topic is no %RETRY% or %DLQ%, its sysFlag says nothing of transactions;
 *   its properties are plain, property-bytes.ts says what that is, and UNIQ_KEY is among them; those of a batch, whose
 *     messages have their own, need none.
 *
 * Of a plain send no string is made: topic and group are those that came before, compared byte by byte, and properties
 * stay bytes. Everything else is not looked at any further and goes the general way, with the same result.
 */

const PERCENT = 0x25;
const TRANSACTION_MASK = 12;

/** One plain send: the typed header of SEND_MESSAGE, filled again for each. Whoever keeps anything of it copies. */
export class PlainSend implements SendMessageHeader {
  producerGroup = '';
  topic = '';
  defaultTopic = '';
  defaultTopicQueueNums = 0;
  queueId = 0;
  sysFlag = 0;
  bornTimestamp = 0;
  flag = 0;
  reconsumeTimes: number | undefined = undefined;
  unitMode: boolean | undefined = undefined;
  maxReconsumeTimes: number | undefined = undefined;
  batch: boolean | undefined = undefined;
  bname: string | undefined = undefined;
  readonly propertyBytes = new PropertyBytes();
  body: Buffer = Buffer.alloc(0);
  opaque = 0;
  /** of the client, see Version */
  version = 0;
  readonly serializeType: SerializeType = JSON_HEADER;
  readonly oneWay = false;

  get properties(): string {
    return this.propertyBytes.toString();
  }

  clear(): void {
    this.reconsumeTimes = undefined;
    this.unitMode = undefined;
    this.maxReconsumeTimes = undefined;
    this.batch = undefined;
    this.bname = undefined;
    this.opaque = 0;
    this.version = 0;
    this.propertyBytes.clear();
  }
}

/** Reads plain sends; one for all connections, since clients repeat each other. */
export class SendReader extends HeaderBytes {
  readonly send = new PlainSend();
  private readonly named = new FieldRow(sendMessage.columns);
  private readonly lettered = new FieldRow(sendMessageV2.columns);
  private row: FieldRow | undefined;
  private flag = 0;
  private complete = false;

  /** @returns whether the frame is a plain send: `send` is filled then */
  read({ source, from, to }: FrameAt): boolean {
    if (to - from < 4 || source[from] !== JSON_HEADER) return false;
    const headerEnd = from + 4 + (source.readInt32BE(from) & 0xffffff);
    if (headerEnd > to || source[from + 4] !== OPEN) return false;
    this.source = source;
    this.at = from + 5;
    this.end = headerEnd;
    this.row = undefined;
    this.flag = 0;
    this.complete = false;
    if (!this.skip(CODE) || !this.code()) return false;
    this.send.clear();
    if (!this.members() || !this.complete || this.flag !== 0) return false;
    this.send.body = source.subarray(headerEnd, to);
    return true;
  }

  private code(): boolean {
    const code = this.integer();
    if (code === sendMessageV2.code || code === sendBatchMessage.code) this.row = this.lettered;
    else if (code === sendMessage.code) this.row = this.named;
    return this.row !== undefined;
  }

  private members(): boolean {
    for (;;) {
      const after = this.source[this.at++];
      if (after === CLOSE) return this.at === this.end;
      if (after !== COMMA || !this.member()) return false;
    }
  }

  private member(): boolean {
    const { send } = this;
    switch (this.memberName()) {
      case 'extFields':
        if (!this.row || this.complete) return false;
        return (this.complete = this.fields(this.row));
      case 'flag':
        return (this.flag = this.integer()) >= 0;
      case 'opaque':
        return (send.opaque = this.integer()) >= 0;
      case 'version':
        return (send.version = this.integer()) >= 0;
      case 'language':
      case 'serializeTypeCurrentRPC':
        return this.word() !== undefined;
      default:
        return false;
    }
  }

  private fields(row: FieldRow): boolean {
    const { source } = this;
    if (source[this.at++] !== OPEN) return false;
    let found = 0;
    for (let place = 0; ; place++) {
      let column = row.order[place];
      if (!column || !this.skip(column.start)) column = this.other(row, place);
      // a field that came before would have to be undone
      if (!column || (found & column.bit) !== 0) return false;
      if (!this.value(column)) return false;
      found |= column.bit;
      const after = source[this.at++];
      if (after === COMMA) continue;
      return after === CLOSE && (found & row.required) === row.required && this.isPlain();
    }
  }

  private value(column: FieldAt): boolean {
    // whatever its name: the letters' table does not know the names, nor theirs the letters
    if (column.ignored) return this.text(column) !== undefined;
    if (column.key === 'properties') return this.properties();
    return column.isNumber ? this.numberOf(column) : this.textOf(column);
  }

  private numberOf(column: FieldAt): boolean {
    const value = this.number(column.is32Bit);
    if (value === undefined) return false;
    const { send } = this;
    switch (column.key) {
      case 'queueId':
        send.queueId = value;
        return true;
      case 'bornTimestamp':
        send.bornTimestamp = value;
        return true;
      case 'sysFlag':
        send.sysFlag = value;
        return true;
      case 'flag':
        send.flag = value;
        return true;
      case 'defaultTopicQueueNums':
        send.defaultTopicQueueNums = value;
        return true;
      case 'reconsumeTimes':
        send.reconsumeTimes = value;
        return true;
      default:
        send.maxReconsumeTimes = value;
        return true;
    }
  }

  private textOf(column: FieldAt): boolean {
    const text = this.text(column);
    if (text === undefined) return false;
    const { send } = this;
    switch (column.key) {
      case 'topic':
        send.topic = text;
        return true;
      case 'producerGroup':
        send.producerGroup = text;
        return true;
      case 'defaultTopic':
        send.defaultTopic = text;
        return true;
      case 'batch':
        send.batch = boolean.parse(text);
        return true;
      case 'unitMode':
        send.unitMode = boolean.parse(text);
        return true;
      case 'bname':
        send.bname = text;
        return true;
      default:
        return false;
    }
  }

  private properties(): boolean {
    const end = this.send.propertyBytes.read(this.source, this.at, this.end);
    if (end < 0) return false;
    this.at = end;
    return true;
  }

  private isPlain(): boolean {
    const { send } = this;
    return (
      send.propertyBytes.length > 0 &&
      (send.batch === true || send.propertyBytes.uniqueKeyEnd > 0) &&
      (send.sysFlag & TRANSACTION_MASK) === 0 &&
      send.topic.charCodeAt(0) !== PERCENT
    );
  }
}

const CODE = Uint8Array.from(Buffer.from('"code":'));
