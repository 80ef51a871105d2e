import { TemplateFields, type ExtValues } from '../command.js';
import { quote } from '../header-json.js';

/** What the answers of one broker have in common: part of failures too, since Java clients read extFields unasked. */
export class SendAnswerRegion {
  readonly values: ExtValues;
  readonly json: string;

  constructor(regionId: string, traceOn: boolean) {
    this.values = { MSG_REGION: regionId, TRACE_ON: traceOn };
    this.json = `"MSG_REGION":${quote(regionId)},"TRACE_ON":"${traceOn}"`;
  }
}

/** SendMessageResponseHeader as a broker writes it: sendMessageResponse reads it. */
export class SendMessageAnswer extends TemplateFields {
  constructor(
    /** offset message id, comma-joined for a batch: plain hex, never escaped */
    readonly msgId: string,
    readonly queueId: number,
    readonly queueOffset: number,
    /** UNIQ_KEY */
    readonly transactionId: string | undefined,
    private readonly region: SendAnswerRegion,
    /** takes the message back, which waits for its time */
    readonly recallHandle?: string,
  ) {
    super();
  }

  values(): ExtValues {
    const { msgId, queueId, queueOffset, transactionId, recallHandle } = this;
    return { msgId, queueId, queueOffset, transactionId, recallHandle, ...this.region.values };
  }

  json(): string {
    const key = this.transactionId === undefined ? '' : `,"transactionId":${quote(this.transactionId)}`;
    const recall = this.recallHandle === undefined ? '' : `,"recallHandle":"${this.recallHandle}"`;
    return `"msgId":"${this.msgId}","queueId":"${this.queueId}","queueOffset":"${this.queueOffset}"${key}${recall},${this.region.json}`;
  }
}
