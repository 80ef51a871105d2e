import { SysFlag } from './codes.js';
import { FieldRow, type FieldAt } from './field-row.js';
import { boolean } from './fields.js';
import { PlainReader, PlainRequest } from './plain-reader.js';
import { PropertyBytes } from './property-bytes.js';
import { sendBatchMessage } from './requests/send-batch-message.js';
import { sendMessage } from './requests/send-message.js';
import { sendMessageV2 } from './requests/send-message-v2.js';
import type { SendMessageHeader } from './requests/send-message.js';

/*
 * A *plain send* is a plain request (plain-reader.ts) of code 10, 310 or 320 when
 *
 *   it is answered (not one-way);
 *   its topic is no %RETRY% or %DLQ%, its sysFlag says nothing of transactions unless it is a half message;
 *   its properties are plain, property-bytes.ts says what that is, and UNIQ_KEY is among them; those of a batch, whose
 *     messages have their own, need none.
 *
 * Its topic and group are strings that came before, compared byte by byte; its properties stay bytes.
 */

const PERCENT = 0x25;

/** The typed header of SEND_MESSAGE. */
export class PlainSend extends PlainRequest implements SendMessageHeader {
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
  readonly oneWay = false;

  get properties(): string {
    return this.propertyBytes.toString();
  }

  override clear(): void {
    super.clear();
    this.reconsumeTimes = undefined;
    this.unitMode = undefined;
    this.maxReconsumeTimes = undefined;
    this.batch = undefined;
    this.bname = undefined;
    this.propertyBytes.clear();
  }
}

type Said = Pick<
  PlainSend,
  | 'producerGroup'
  | 'defaultTopic'
  | 'defaultTopicQueueNums'
  | 'sysFlag'
  | 'flag'
  | 'reconsumeTimes'
  | 'unitMode'
  | 'maxReconsumeTimes'
  | 'batch'
  | 'bname'
  | 'commandFlag'
  | 'version'
  | 'languageName'
>;

/** Reads plain sends; one for all connections, since clients repeat each other. */
export class SendReader extends PlainReader<Said> {
  readonly send = new PlainSend();
  protected readonly request = this.send;
  private readonly named = new FieldRow(sendMessage.columns);
  private readonly lettered = new FieldRow(sendMessageV2.columns);

  protected rowOf(code: number): FieldRow | undefined {
    if (code === sendMessageV2.code || code === sendBatchMessage.code) return this.lettered;
    return code === sendMessage.code ? this.named : undefined;
  }

  protected varies({ key }: FieldAt): boolean {
    return key === 'properties' || key === 'queueId' || key === 'bornTimestamp' || key === 'topic';
  }

  protected said(): Said {
    const { producerGroup, defaultTopic, defaultTopicQueueNums, sysFlag, flag } = this.send;
    const { reconsumeTimes, unitMode, maxReconsumeTimes, batch, bname } = this.send;
    const { commandFlag, version, languageName } = this.send;
    const names = { producerGroup, defaultTopic, defaultTopicQueueNums };
    const more = { sysFlag, flag, reconsumeTimes, unitMode, maxReconsumeTimes, batch, bname };
    return { ...names, ...more, commandFlag, version, languageName };
  }

  protected sayAgain(said: Said): void {
    Object.assign(this.send, said);
  }

  protected value(column: FieldAt): boolean {
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

  protected isPlain(): boolean {
    const { send } = this;
    return (
      send.commandFlag === 0 &&
      send.propertyBytes.length > 0 &&
      (send.batch === true || send.propertyBytes.uniqueKeyEnd > 0) &&
      ((send.sysFlag & SysFlag.TRANSACTION_MASK) === 0 || send.propertyBytes.isHalf) &&
      send.topic.charCodeAt(0) !== PERCENT
    );
  }
}
