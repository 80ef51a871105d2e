import {
  checkTransactionState,
  consumeMessageDirectly,
  CURRENT_VERSION,
  decodeRecord,
  getConsumerRunningInfo,
  JSON_HEADER,
  LanguageCode,
  NO_FIELDS,
  RemotingError,
  ResponseCode,
  type Body,
  type CheckTransactionStateHeader,
  type Clock,
  type Command,
  type Connection,
  type Host,
  type RequestContext,
  type RequestSpec,
} from '@halfmq/remoting';
import { Code } from './codes.js';
import type { TelemetryCommand } from './contract.js';
import { shownMessage } from './shown-message.js';
import { formatTransactionId } from './transaction-id.js';

/** A client's telemetry stream, towards the client. */
export interface CommandStream {
  /** false: it does not read what was written */
  readonly writable: boolean;
  write(command: TelemetryCommand): void;
  end(): void;
}

type Answered = (answer: TelemetryCommand) => void;

/**
 * A gRPC client as the rooms know clients: a connection on which it can be asked. What a room asks on RocketMQ's wire is
 * asked by its telemetry stream; what the contract has no word for is not asked.
 *
 *   CHECK_TRANSACTION_STATE   recover_orphaned_transaction_command
 *   GET_CONSUMER_RUNNING_INFO print_thread_stack_trace_command, answered by thread_stack_trace
 *   CONSUME_MESSAGE_DIRECTLY  verify_message_command, answered by verify_message_result
 *
 * Streams come and go; the client is gone when it is closed.
 */
export class TelemetryPeer implements Connection {
  readonly localAddress = '';
  readonly waitedMs = 0;
  private stream: CommandStream | undefined;
  private closedFor: string | undefined;
  private readonly listeners: ((reason: string) => void)[] = [];
  private readonly asked = new Map<string, Answered>();
  private nonces = 0;

  constructor(
    readonly remoteHost: Host,
    readonly remoteAddress: string,
    readonly language: number,
    private readonly clock: Clock,
  ) {}

  get open(): boolean {
    return this.stream !== undefined;
  }

  get writable(): boolean {
    return this.stream?.writable === true;
  }

  /** @returns the one it had before */
  use(stream: CommandStream | undefined): CommandStream | undefined {
    const before = this.stream;
    this.stream = this.closedFor === undefined ? stream : undefined;
    return before;
  }

  speaksOn(stream: CommandStream): boolean {
    return this.stream === stream;
  }

  oneWay<H>(spec: RequestSpec<H>, header: H, body?: Body): boolean {
    if (!this.stream) return false;
    if (spec.code === checkTransactionState.code)
      this.recover(this.stream, header as CheckTransactionStateHeader, body);
    return true;
  }

  private recover(stream: CommandStream, header: CheckTransactionStateHeader, body: Body | undefined): void {
    const { tranStateTableOffset: halfOffset, commitLogOffset: physicalOffset, transactionId } = header;
    const uniqueKey = transactionId ?? header.msgId ?? '';
    const brokerName = header.bname ?? '';
    stream.write({
      recoverOrphanedTransactionCommand: {
        message: shownMessage(decodeRecord(oneBuffer(body))),
        transactionId: formatTransactionId({ halfOffset, physicalOffset, brokerName, uniqueKey }),
      },
    });
  }

  async request<H>(
    spec: RequestSpec<H>,
    _header: H,
    body: Body | undefined,
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<Command> {
    if (spec.code === getConsumerRunningInfo.code) {
      const { threadStackTrace } = await this.ask(
        (nonce) => ({ printThreadStackTraceCommand: { nonce } }),
        timeoutMs,
      );
      return answerOf({ jstack: threadStackTrace?.threadStackTrace ?? '' });
    }
    if (spec.code === consumeMessageDirectly.code) {
      const message = shownMessage(decodeRecord(oneBuffer(body)));
      const { status } = await this.ask((nonce) => ({ verifyMessageCommand: { nonce, message } }), timeoutMs);
      return answerOf({
        consumeResult: CONSUMED[status?.code ?? 0] ?? 'CR_LATER',
        remark: status?.message ?? '',
      });
    }
    throw new RemotingError('closed', this.remoteAddress, `${spec.name} cannot be asked of a gRPC client`);
  }

  private ask(question: (nonce: string) => TelemetryCommand, timeoutMs: number): Promise<TelemetryCommand> {
    const nonce = String(++this.nonces);
    const { stream } = this;
    if (!stream)
      return Promise.reject(
        new RemotingError('closed', this.remoteAddress, 'it has no telemetry stream now'),
      );
    return new Promise((resolve, reject) => {
      const cancel = this.clock.after(timeoutMs, () => {
        this.asked.delete(nonce);
        reject(new RemotingError('timeout', this.remoteAddress, `no answer within ${timeoutMs} ms`));
      });
      this.asked.set(nonce, (answer) => {
        cancel();
        this.asked.delete(nonce);
        resolve(answer);
      });
      stream.write(question(nonce));
    });
  }

  /** The client says something to a nonce; nobody may be waiting for it any more. */
  answered(command: TelemetryCommand): void {
    const nonce = command.threadStackTrace?.nonce ?? command.verifyMessageResult?.nonce ?? '';
    this.asked.get(nonce)?.(command);
  }

  tell(command: TelemetryCommand): void {
    this.stream?.write(command);
  }

  /** What rooms are given beside a request. */
  get context(): RequestContext {
    return {
      code: 0,
      opaque: 0,
      version: CURRENT_VERSION,
      language: this.language,
      oneWay: false,
      remark: undefined,
      extFields: NO_FIELDS,
      body: NOTHING,
      peer: this,
      serializeType: JSON_HEADER,
    };
  }

  close(reason: string): void {
    if (this.closedFor !== undefined) return;
    this.closedFor = reason;
    this.stream?.end();
    this.stream = undefined;
    for (const listener of this.listeners.splice(0)) listener(reason);
  }

  onClose(listener: (reason: string) => void): void {
    if (this.closedFor === undefined) this.listeners.push(listener);
    else listener(this.closedFor);
  }

  whenWritable(act: () => void): void {
    act();
  }

  // requests come as calls, and are answered there
  reply(): void {}
  replyFrames(): void {}
  owes(): void {}
}

const NOTHING = Buffer.alloc(0);

const CONSUMED: Readonly<Record<number, string>> = {
  [Code.OK]: 'CR_SUCCESS',
  [Code.FAILED_TO_CONSUME_MESSAGE]: 'CR_LATER',
  [Code.MESSAGE_CORRUPTED]: 'CR_RETURN_NULL',
};

function oneBuffer(body: Body | undefined): Buffer {
  if (!body) return NOTHING;
  return Buffer.isBuffer(body) ? body : Buffer.concat(body);
}

function answerOf(document: object): Command {
  return {
    code: ResponseCode.SUCCESS,
    language: LanguageCode.OTHER,
    version: CURRENT_VERSION,
    opaque: 0,
    flag: 1,
    body: Buffer.from(JSON.stringify(document)),
    serializeType: JSON_HEADER,
  };
}
