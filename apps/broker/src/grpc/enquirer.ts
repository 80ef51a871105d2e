import {
  CURRENT_VERSION,
  decodeRecords,
  JSON_HEADER,
  LanguageCode,
  NO_FIELDS,
  PullAnswer,
  RemotingError,
  STATUS,
  StatusError,
  type Command,
  type Connection,
  type Outcome,
  type RequestContext,
} from '@halfmq/remoting';
import type { Pulled } from './brokers.js';
import type { Caller } from './caller.js';

/** A call as the rooms know who asks: a connection with one request, that closes when nobody waits for the answer any more. */
export class Enquirer implements Connection {
  readonly remoteAddress: string;
  readonly remoteHost: Caller['host'];
  readonly localAddress = '';
  readonly writable = true;
  readonly waitedMs = 0;
  private readonly gone: AbortSignal | undefined;

  constructor(
    {
      address = '',
      host = NOWHERE,
      gone,
    }: Partial<Pick<Caller, 'address' | 'host'>> & { gone?: AbortSignal },
    private readonly answered: (outcome: Outcome) => void,
  ) {
    this.remoteAddress = address;
    this.remoteHost = host;
    this.gone = gone;
  }

  get open(): boolean {
    return this.gone?.aborted !== true;
  }

  get context(): RequestContext {
    return {
      code: 0,
      opaque: 0,
      version: CURRENT_VERSION,
      language: LanguageCode.OTHER,
      oneWay: false,
      remark: undefined,
      extFields: NO_FIELDS,
      body: NOTHING,
      peer: this,
      serializeType: JSON_HEADER,
    };
  }

  reply(_: unknown, outcome: Outcome): void {
    this.answered(outcome);
  }

  onClose(listener: (reason: string) => void): void {
    const { gone } = this;
    if (!gone) return;
    const tell = (): void => listener('its caller is gone');
    if (gone.aborted) tell();
    else gone.addEventListener('abort', tell, { once: true });
  }

  whenWritable(act: () => void): void {
    act();
  }

  request(): Promise<Command> {
    return Promise.reject(new RemotingError('closed', this.remoteAddress, 'a call is asked nothing'));
  }

  oneWay(): boolean {
    return false;
  }

  replyFrames(): void {}
  owes(): void {}
  close(): void {}
}

const NOTHING = Buffer.alloc(0);
const NOWHERE: Caller['host'] = { address: Buffer.alloc(4), port: 0 };

/** @throws StatusError: it was refused */
export function pulledOf({ status, remark, header, body, written }: Outcome): Pulled {
  if (!(header instanceof PullAnswer)) throw new StatusError(status, remark);
  const row = body === undefined ? NOTHING : Buffer.concat(Array.isArray(body) ? body : [body as Buffer]);
  written?.();
  return { code: STATUS[status].code, nextOffset: header.nextBeginOffset, records: decodeRecords(row) };
}
