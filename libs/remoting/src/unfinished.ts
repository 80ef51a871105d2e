import { isOneWay, isResponse } from './command.js';
import type { RequestContext } from './connection.js';
import type { FrameSplitter } from './frame.js';
import { MalformedFrame } from './header.js';

/** Together the connections of a server keep so much of frames that are not whole: 64 messages of 4 MiB. */
const SHARE = 256 * 1024 * 1024;
/** Of one connection: what most reads leave of a frame that follows. */
const REMAINDER = 128 * 1024;

/**
 * What the connections of one server keep of frames of which the rest has not come. One alone is bounded by the largest
 * frame; who opens many and finishes none would have all the memory there is. Past the share the one that has been waited
 * for longest is given up: a frame that somebody means to send is whole within seconds.
 */
export class Unfinished {
  private bytes = 0;
  /** those with more than a remainder, the longest waiting first */
  private readonly large = new Set<UnfinishedFrame>();

  constructor(readonly share = SHARE) {}

  /** This one keeps `now` bytes, where it kept `before`. */
  changed(frame: UnfinishedFrame, before: number, now: number): void {
    this.bytes += now - before;
    if (now > REMAINDER) this.large.add(frame);
    else if (before > REMAINDER) this.large.delete(frame);
    while (this.bytes > this.share) {
      const [longest = frame] = this.large;
      longest.giveUp(this.share);
    }
  }
}

/** A request that is refused before it is whole. */
type Refused = Pick<RequestContext, 'opaque' | 'serializeType' | 'oneWay'>;

/** The frame that has begun on one connection. */
export class UnfinishedFrame {
  private bytes = 0;

  constructor(
    private readonly splitter: FrameSplitter,
    /** undefined: nobody else's memory is at stake */
    private readonly all: Unfinished | undefined,
    /** Ends the connection; the request is answered before when its header has come. */
    private readonly end: (why: string, request: Refused | undefined) => void,
  ) {}

  /** All frames that were whole are taken. */
  look(): void {
    this.keeps(this.splitter.buffered);
  }

  giveUp(share: number): void {
    const { bytes } = this;
    const request = this.request();
    this.forget();
    const why = `unfinished requests keep more than ${share} bytes, this one ${bytes}: it is not waited for`;
    this.end(why, request);
  }

  /** Nothing more is read from its connection. */
  forget(): void {
    this.splitter.forget();
    this.keeps(0);
  }

  private keeps(now: number): void {
    const before = this.bytes;
    if (now === before) return;
    this.bytes = now;
    this.all?.changed(this, before, now);
  }

  private request(): Refused | undefined {
    try {
      const command = this.splitter.begunHeader();
      return command && !isResponse(command) ? { ...command, oneWay: isOneWay(command) } : undefined;
    } catch (error) {
      if (error instanceof MalformedFrame) return undefined;
      throw error;
    }
  }
}
