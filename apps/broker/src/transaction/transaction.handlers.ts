import { Controller } from '@nestjs/common';
import {
  endTransaction,
  resumeCheckHalfMessage,
  type EndTransactionHeader,
  type Outcome,
  type RequestContext,
  type ResumeCheckHalfMessageHeader,
} from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import { EndTransaction } from './end-transaction.js';
import { Resume } from './resume.js';

/** Verdicts on half messages. */
@Controller()
export class TransactionHandlers {
  constructor(
    private readonly ending: EndTransaction,
    private readonly resuming: Resume,
  ) {}

  @Request(endTransaction)
  end(header: EndTransactionHeader, context: RequestContext): Outcome {
    return this.ending.end(header, context);
  }

  @Request(resumeCheckHalfMessage)
  resume(header: ResumeCheckHalfMessageHeader): Promise<Outcome> {
    return this.resuming.resume(header);
  }
}
