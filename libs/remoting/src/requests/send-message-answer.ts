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
  ) {
    super();
  }

  values(): ExtValues {
    const { msgId, queueId, queueOffset, transactionId } = this;
    return { msgId, queueId, queueOffset, transactionId, ...this.region.values };
  }

  json(): string {
    const key = this.transactionId === undefined ? '' : `,"transactionId":${quote(this.transactionId)}`;
    return `"msgId":"${this.msgId}","queueId":"${this.queueId}","queueOffset":"${this.queueOffset}"${key},${this.region.json}`;
  }
}
