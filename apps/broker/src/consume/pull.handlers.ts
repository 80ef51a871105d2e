import { Controller } from '@nestjs/common';
import {
  litePullMessage,
  pullMessage,
  type Outcome,
  type PullMessageHeader,
  type RequestContext,
} from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import { Pull } from './pull.js';

/** Pulls of both kinds: lite consumers of 5.x use a number of their own for the same request. */
@Controller()
export class PullHandlers {
  constructor(private readonly pull: Pull) {}

  @Request(pullMessage)
  message(header: PullMessageHeader, context: RequestContext): Outcome {
    return this.pull.arrived(header, context);
  }

  @Request(litePullMessage)
  lite(header: PullMessageHeader, context: RequestContext): Outcome {
    return this.pull.arrived(header, context);
  }
}
