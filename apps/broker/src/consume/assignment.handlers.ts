import { Controller } from '@nestjs/common';
import {
  decodeQueryAssignmentBody,
  decodeSetRequestModeBody,
  DONE,
  encodeAssignments,
  encodeRequestModes,
  getAllMessageRequestMode,
  queryAssignment,
  setMessageRequestMode,
  type Outcome,
  type RequestContext,
} from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import { Assignment } from './assignment.js';

/** Queues that the broker assigns, and how they are read. */
@Controller()
export class AssignmentHandlers {
  constructor(private readonly assignment: Assignment) {}

  @Request(queryAssignment)
  async query(_header: object, { body }: RequestContext): Promise<Outcome> {
    const assignments = await this.assignment.query(decodeQueryAssignmentBody(body));
    return { status: 'OK', body: encodeAssignments(assignments) };
  }

  @Request(setMessageRequestMode)
  async setMode(_header: object, { body }: RequestContext): Promise<Outcome> {
    await this.assignment.setMode(decodeSetRequestModeBody(body));
    return DONE;
  }

  @Request(getAllMessageRequestMode)
  modes(): Outcome {
    return { status: 'OK', body: encodeRequestModes(this.assignment.modes()) };
  }
}
