import type { Body, Command, ExtFields, ExtValues, SerializeType, TemplateFields } from './command.js';
import type { Host } from './host.js';
import type { RequestSpec } from './request-spec.js';
import type { StatusName } from './status.js';

/** One TCP connection, seen from either side: both may ask, both may answer. */
export interface Connection {
  /** `ip:port` */
  readonly remoteAddress: string;
  readonly remoteHost: Host;
  /** `ip:port` */
  readonly localAddress: string;
  /** false from the moment it begins to close */
  readonly open: boolean;
  /** false while the other side does not read what was written to it: what can wait should */
  readonly writable: boolean;
  /**
   * Resolves with the answer, whatever its code.
   * @param options.timeoutMs from now to the answer, waiting for a slow reader included
   * @throws RemotingError timeout, closed, or malformed when the frame would be too large
   */
  request<H>(
    spec: RequestSpec<H>,
    header: H,
    body: Body | undefined,
    options: { readonly timeoutMs: number },
  ): Promise<Command>;
  /** @returns false when it was not written: closed, too large, or the other side does not read */
  oneWay<H>(spec: RequestSpec<H>, header: H, body?: Body): boolean;
  /**
   * Answers a request whose handler said NO_ANSWER. Each request is answered at most once; that is the caller's to
   * keep. Does nothing when the connection is closed or the request was one-way.
   */
  reply(to: Pick<RequestContext, 'opaque' | 'serializeType' | 'oneWay'>, outcome: Outcome): void;
  /** Writes answers that are laid out as frames already, for requests that said NO_ANSWER; they are copied. */
  replyFrames(frames: Buffer): void;
  /** how long what is handled now had to wait, read already, because the connection had too much unanswered or unread */
  readonly waitedMs: number;
  /**
   * What requests keep in memory whose handlers said NO_ANSWER: added when they are taken, subtracted when they are
   * answered. While it is too much nothing more is read; a connection that ends in good order waits for it.
   */
  owes(bytes: number): void;
  /** Now, or when the other side has read enough; never when the connection closes before. */
  whenWritable(act: () => void): void;
  /** Writes what is laid out, then ends; requests that wait for their answers are rejected now. */
  close(reason: string): void;
  /** Called once when the connection begins to close; at once when it has. */
  onClose(listener: (reason: string) => void): void;
}

/** Who sent a request: the connection it came on, on which requests can be sent back. */
export type Peer = Connection;

/** A request beside its typed header. */
export interface RequestContext {
  readonly code: number;
  readonly opaque: number;
  /** the sender's, see Version */
  readonly version: number;
  /** the sender's, see LanguageCode */
  readonly language: number;
  readonly oneWay: boolean;
  readonly remark: string | undefined;
  /** every field as it came: signatures cover all of them, relays pass them on */
  readonly extFields: ExtFields;
  /** a view of what the socket delivered: copy what is kept for long */
  readonly body: Buffer;
  readonly peer: Peer;
  /** the header encoding of the request, and of its answer */
  readonly serializeType: SerializeType;
}

/** What a handler answers. Header values are written as text, undefined ones left out. */
export interface Outcome {
  readonly status: StatusName;
  readonly remark?: string | undefined;
  readonly header?: ExtValues | TemplateFields | undefined;
  /** must not change until the connection has written it */
  readonly body?: Body | undefined;
  /** Called when the body has left: its memory may be used again. Not called when the connection ends before. */
  readonly written?: (() => void) | undefined;
}

/** The outcome of what is not to be answered now: never written. The handler may `peer.reply` later, or never. */
export const NO_ANSWER: Outcome = Object.freeze({ status: 'OK' });

/** The plain success. */
export const DONE: Outcome = Object.freeze({ status: 'OK' });
