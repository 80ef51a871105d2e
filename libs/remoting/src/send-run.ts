import { CURRENT_VERSION, OWN_LANGUAGE } from './codes.js';
import { JSON_HEADER, NO_FIELDS } from './command.js';
import type { Connection, RequestContext } from './connection.js';
import type { FrameAt, FrameSplitter } from './frame.js';
import { EndReader, type PlainEnd } from './end-reader.js';
import type { RequestSpec } from './request-spec.js';
import { sendMessageV2 } from './requests/send-message-v2.js';
import { SendReader, type PlainSend } from './send-reader.js';

/*
 * Plain sends and verdicts that came one after the other on a connection are handled in one call: the handler asks for the
 * next until there is none. What a call costs (Nest's promises, first of all) is paid once for what a socket delivered.
 */

export type Plain = PlainSend | PlainEnd;

/** Reads what a run may hold; one for all connections. */
export class PlainRequests {
  private readonly sends = new SendReader();
  private readonly ends = new EndReader();

  /** Undefined when the frame is to be read the general way; else it is filled again by the next call. */
  read(frame: FrameAt): Plain | undefined {
    if (this.sends.read(frame)) return this.sends.send;
    return this.ends.read(frame) ? this.ends.verdict : undefined;
  }
}

/** What a handler of runs is declared with. No frame carries its code. */
export const sendRun: RequestSpec<SendRun> = {
  ...sendMessageV2,
  code: -sendMessageV2.code,
  name: 'SEND_RUN',
  columns: [],
  decode: () => {
    throw new Error('a run of sends is no frame');
  },
  encode: () => ({}),
};

/** What a run asks its connection. */
export interface RunSource {
  readonly splitter: FrameSplitter;
  /** false: nothing more is taken for now */
  readonly takesMore: boolean;
}

export class SendRun {
  /** `next` has said that there is none: whatever comes is not of this run. */
  ended = false;

  constructor(
    private readonly source: RunSource,
    private readonly reader: PlainRequests,
    /** what was read already; for a handler that is called later it is read again */
    private first: Plain | undefined,
    /** Answers one as if its handler had thrown this. */
    readonly fail: (request: Plain, error: unknown) => void,
  ) {}

  /** The next one, good until the end of this turn or the next call; undefined when something else comes. */
  next(): Plain | undefined {
    const { splitter } = this.source;
    const frame = !this.ended && this.source.takesMore ? splitter.inOnePiece() : undefined;
    const request = frame && (this.first ?? this.reader.read(frame));
    this.first = undefined;
    if (!request) {
      this.ended = true;
      return undefined;
    }
    splitter.skip(frame);
    return request;
  }

  /** The handler was called. Whoever asks later finds other memory where the first one was read. */
  called(): void {
    this.first = undefined;
  }
}

/** A run beside its sends: they are answered one by one, the run is not. */
export class RunContext implements RequestContext {
  readonly code = sendRun.code;
  readonly opaque = 0;
  readonly version = CURRENT_VERSION;
  readonly language = OWN_LANGUAGE;
  readonly oneWay = true;
  readonly remark = undefined;
  readonly extFields = NO_FIELDS;
  readonly body = Buffer.alloc(0);
  readonly serializeType = JSON_HEADER;

  constructor(readonly peer: Connection) {}
}
