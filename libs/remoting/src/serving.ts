import { isOneWay, NO_FIELDS, type Command, type ExtFields, type SerializeType } from './command.js';
import { NO_ANSWER, type Connection, type Outcome, type RequestContext } from './connection.js';
import type { HandlerEntry, HandlerTable } from './handlers.js';
import type { Log } from './log.js';
import { TypedRequest } from './request-reader.js';
import type { Lane, RequestSpec } from './request-spec.js';
import { RunContext, SendRun, type Plain, type RunSource } from './send-run.js';
import { StatusError } from './status.js';

/** What a request still being worked on is counted as among the bytes to be written: the size answers come to. */
const ANSWER_BYTES: Readonly<Record<Lane, number>> = {
  send: 512,
  pull: 256 * 1024,
  client: 2048,
  admin: 65536,
};

const NOT_HANDLED = new Error('the handler left a request of its run');

/** Requests of one connection: each is answered once, by its handler, by the status it threw, or as unknown. */
export class Serving {
  /** taken, not yet settled by their handlers; a held request (NO_ANSWER) has settled */
  inProgress = 0;
  /** what the answers of those are expected to come to, and what is owed */
  expectedBytes = 0;
  private settleDue = false;
  /** A handler has not yet asked for all sends of its run: what comes behind them has to wait. */
  runWaits = false;
  private readonly runContext: RunContext;

  constructor(
    private readonly handlers: HandlerTable,
    private readonly log: Log,
    private readonly peer: Connection,
    private readonly onSettled: () => void,
  ) {
    this.runContext = new RunContext(peer);
  }

  get isIdle(): boolean {
    return this.inProgress === 0 && this.expectedBytes === 0;
  }

  owes(bytes: number): void {
    this.expectedBytes += bytes;
    if (bytes >= 0 || this.settleDue) return;
    this.settleDue = true;
    setImmediate(() => {
      this.settleDue = false;
      this.onSettled();
    });
  }

  take(command: Command): void {
    const context = new Served(command, this.peer);
    const entry = this.handlers.find(command.code);
    if (entry) return this.serve(entry, context);
    // the leading blank is RocketMQ's
    const remark = ` request type ${command.code} not supported`;
    this.peer.reply(context, { status: 'REQUEST_CODE_NOT_SUPPORTED', remark });
  }

  /**
   * When the next frame is a plain send or verdict, the handler of runs is called, once for all that have come; its
   * connection reads on behind them.
   */
  takeRun(source: RunSource): boolean {
    const { run: entry, plain } = this.handlers;
    const frame = entry && source.splitter.inOnePiece();
    const first = frame && plain.read(frame);
    if (!first) return false;
    this.serveRun(entry, new SendRun(source, plain, first, this.fail));
    return true;
  }

  private serveRun(entry: HandlerEntry, run: SendRun): void {
    const settle = (error: unknown): void => {
      for (let left = run.next(); left; left = run.next()) this.fail(left, error);
      this.inProgress--;
      this.runWaits = false;
      this.onSettled();
    };
    this.inProgress++;
    try {
      const outcome = entry.handle(run, this.runContext);
      run.called();
      if (!('then' in outcome)) return settle(NOT_HANDLED);
      this.runWaits = !run.ended;
      outcome.then(() => settle(NOT_HANDLED), settle);
    } catch (error) {
      settle(error);
    }
  }

  private readonly fail = (request: Plain, error: unknown): void => {
    const { run } = this.handlers;
    if (run) this.peer.reply(request, this.failed(error, run));
  };

  private serve(entry: HandlerEntry, context: Served): void {
    try {
      const outcome = entry.handle(headerOf(context, entry.spec), context);
      if ('then' in outcome) this.serveLater(entry, context, outcome);
      else this.answer(context, outcome);
    } catch (error) {
      this.answer(context, this.failed(error, entry));
    }
  }

  private serveLater(entry: HandlerEntry, context: RequestContext, later: Promise<Outcome>): void {
    const expected = ANSWER_BYTES[entry.spec.lane];
    const settle = (outcome: Outcome): void => {
      this.inProgress--;
      this.expectedBytes -= expected;
      this.answer(context, outcome);
      this.onSettled();
    };
    this.inProgress++;
    this.expectedBytes += expected;
    later.then(settle, (error: unknown) => settle(this.failed(error, entry)));
  }

  private answer(context: RequestContext, outcome: Outcome): void {
    if (outcome !== NO_ANSWER) this.peer.reply(context, outcome);
  }

  private failed(error: unknown, { spec }: HandlerEntry): Outcome {
    if (error instanceof StatusError) return { status: error.status, remark: error.message };
    this.log.error('request failed', { request: spec.name, remote: this.peer.remoteAddress, error });
    const remark = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { status: 'SYSTEM_ERROR', remark };
  }
}

/** A request as its handler sees it: extFields are made when they are asked for. */
class Served implements RequestContext {
  readonly code: number;
  readonly opaque: number;
  readonly version: number;
  readonly language: number;
  readonly oneWay: boolean;
  readonly remark: string | undefined;
  readonly body: Buffer;
  readonly serializeType: SerializeType;

  constructor(
    readonly command: Command,
    readonly peer: Connection,
  ) {
    this.code = command.code;
    this.opaque = command.opaque;
    this.version = command.version;
    this.language = command.language;
    this.oneWay = isOneWay(command);
    this.remark = command.remark;
    this.body = command.body;
    this.serializeType = command.serializeType;
  }

  get extFields(): ExtFields {
    return this.command.extFields ?? NO_FIELDS;
  }
}

function headerOf({ command }: Served, spec: RequestSpec<unknown>): unknown {
  return command instanceof TypedRequest ? command.header : spec.decode(command.extFields ?? NO_FIELDS);
}
