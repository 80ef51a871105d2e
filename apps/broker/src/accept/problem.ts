import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { STATUS, StatusError, type Log, type StatusName } from '@halfmq/remoting';
import type { FastifyReply } from 'fastify';

/** A refusal over HTTP: RFC 9457, with the remoting code and what to do. */
export interface Problem {
  /** urn:halfmq:error:<name>, or about:blank where HTTP's own status says it all */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code?: number;
  readonly retryable?: boolean;
  readonly hint?: string;
  /** what else is known, such as the verdict that was first */
  readonly [fact: string]: string | number | boolean | undefined;
}

export function problem(name: StatusName, detail: string, http: number = STATUS[name].http): Problem {
  const { code, meaning, hint, retryable } = STATUS[name];
  const type = `urn:halfmq:error:${name.toLowerCase().replaceAll('_', '-')}`;
  return { type, title: meaning, status: http, detail, code, retryable, hint };
}

/** Everything thrown behind the HTTP door leaves it as a problem document. */
@Catch()
export class AsProblem implements ExceptionFilter {
  constructor(
    private readonly log: Log,
    /** what the store's refusals are called */
    private readonly nameOf: (error: unknown) => StatusName | undefined,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    this.answer(error, host.switchToHttp().getResponse<FastifyReply>());
  }

  answer(error: unknown, reply: FastifyReply): void {
    // whoever asked has gone, in the middle of his request perhaps: nobody hears it, and nothing failed here
    if (reply.raw.destroyed) return;
    const answer = this.describe(error);
    void reply.status(answer.status).type('application/problem+json').send(JSON.stringify(answer));
  }

  private describe(error: unknown): Problem {
    if (error instanceof StatusError) return { ...error.facts, ...problem(error.status, error.message) };
    const detail = error instanceof Error ? error.message : String(error);
    const name = this.nameOf(error);
    if (name) return problem(name, detail);
    if (isTooDeep(error)) return problem('INVALID_PARAMETER', 'the document is nested too deeply');
    if (!(error instanceof HttpException)) {
      this.log.error('an HTTP request failed', { error });
      return problem('SYSTEM_ERROR', detail);
    }
    const status = error.getStatus();
    if (status === 400) return problem('INVALID_PARAMETER', detail);
    // the wire calls it illegal, HTTP has a status of its own for it
    if (status === 413) return problem('MESSAGE_ILLEGAL', detail, status);
    // nobody answers this request here: likewise
    if (status === 404) return problem('REQUEST_CODE_NOT_SUPPORTED', detail, status);
    if (status === 415) return problem('INVALID_PARAMETER', detail, status);
    return { type: 'about:blank', title: error.name, status, detail };
  }
}

/** Whoever walks a JSON document calls himself at each step down: V8's own words for too many of them. */
function isTooDeep(error: unknown): boolean {
  return error instanceof RangeError && error.message === 'Maximum call stack size exceeded';
}
