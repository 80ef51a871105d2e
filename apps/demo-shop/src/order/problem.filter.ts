import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { Response } from 'express';
import { HalfmqError, TransactionOutcomeUnknown } from '@halfmq/transaction';
import { SupervisorRefused } from '../service/supervisor-line.js';
import { SavedButNotSent } from '../service/work.js';
import { UnknownProduct } from './order-book.js';

interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** One sentence a wrong field. */
  readonly errors?: readonly string[];
}

const problem = (status: number, name: string, title: string, detail: string): Problem => {
  return { type: `urn:halfmq:shop:${name}`, title, status, detail };
};

/** Answers every error as a problem document (RFC 9457). */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log = new Logger(ProblemFilter.name);

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const answer = describe(error);
    if (answer.status >= 500)
      this.log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    if (response.headersSent) return void response.end();
    if (answer.status === 503) response.setHeader('retry-after', '2');
    response.status(answer.status).type('application/problem+json').send(JSON.stringify(answer));
  }
}

function describe(error: unknown): Problem {
  if (error instanceof UnknownProduct) {
    return problem(422, 'unknown-product', 'Unknown product', error.message);
  }
  if (error instanceof SupervisorRefused) {
    return problem(409, 'not-now', 'Not possible at the moment', error.message);
  }
  if (error instanceof SavedButNotSent) {
    const detail = `The order is saved, but its message was not sent: nobody will ever work on it. (${error.message})`;
    return problem(503, 'saved-but-not-sent', 'Saved, but not sent', detail);
  }
  if (error instanceof TransactionOutcomeUnknown) {
    const detail = `Whether the order was placed shows within seconds in the list of orders. (${error.message})`;
    return problem(503, 'outcome-unknown', 'The outcome is not known yet', detail);
  }
  if (error instanceof HalfmqError) {
    const detail = `Nothing was ordered, nothing was saved; try again. (${error.message})`;
    return problem(503, 'broker-unavailable', 'The broker cannot be reached', detail);
  }
  if (error instanceof HttpException) return describeHttp(error);
  const status = statusOf(error);
  if (error instanceof Error && status !== undefined && status < 500) {
    return problem(status, 'bad-request', 'The request cannot be read', error.message);
  }
  return problem(500, 'internal', 'Something failed in the order service', 'The reason is in its log.');
}

function describeHttp(error: HttpException): Problem {
  const status = error.getStatus();
  const answer = error.getResponse();
  const message = typeof answer === 'object' && 'message' in answer ? answer.message : error.message;
  if (Array.isArray(message)) {
    const errors = message.map(String);
    return { ...problem(status, 'invalid', 'The request is not valid', errors.join('; ')), errors };
  }
  const names: Readonly<Record<number, [string, string]>> = {
    400: ['bad-request', 'The request cannot be understood'],
    404: ['not-found', 'There is no such thing'],
  };
  const [name, title] = names[status] ?? [`http-${status}`, error.name];
  return problem(status, name, title, String(message));
}

/** Express's body parser throws plain errors that carry a status. */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined;
  return typeof error.status === 'number' ? error.status : undefined;
}
