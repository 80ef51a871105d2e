import { TemplateFields, type ExtValues } from '../command.js';

/** PullMessageResponseHeader as a broker writes it that has no second to suggest: pullMessageResponse reads it. */
export class PullAnswer extends TemplateFields {
  constructor(
    readonly nextBeginOffset: number,
    readonly minOffset: number,
    readonly maxOffset: number,
  ) {
    super();
  }

  values(): ExtValues {
    const { nextBeginOffset, minOffset, maxOffset } = this;
    return { suggestWhichBrokerId: 0, nextBeginOffset, minOffset, maxOffset };
  }

  json(): string {
    const { nextBeginOffset, minOffset, maxOffset } = this;
    return `"suggestWhichBrokerId":"0","nextBeginOffset":"${nextBeginOffset}","minOffset":"${minOffset}","maxOffset":"${maxOffset}"`;
  }
}
