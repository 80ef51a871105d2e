import {
  decodeFrame,
  FrameSplitter,
  getMaxOffset,
  isOneWay,
  isResponse,
  type Command,
} from '@halfmq/remoting';
import { encodeFrame } from '@halfmq/remoting';
import type { Random } from '../power/random.js';
import { frame, lastFrame, type Piece } from './frames.js';
import { framed, type Intact, type IntactMessage } from './intact.js';
import { HELD } from './requests.js';

/**
 * What is owed for a piece that was sent: an `answer`; `perhaps` one, where a request may be held, or what is left of a
 * frame is more than it seems; `nothing`; the connection's `end`; nothing, until this side ends (`unfinished`).
 */
export type Owed = 'answer' | 'perhaps' | 'nothing' | 'end' | 'unfinished';

export interface Sent {
  readonly piece: Piece;
  readonly owed: Owed;
  readonly opaque: number;
  /** the message that has to arrive, if it is one */
  readonly message?: IntactMessage | undefined;
}

const SHARE_OF_INTACT = 1 / 24;
const SHARE_OF_LAST = 0.4;

/** One connection's frames: the same for a seed, but for the messages that must arrive, which are counted on. */
export function plan(random: Random, frames: number, intact: Intact | undefined): readonly Sent[] {
  const sent: Sent[] = [];
  for (let opaque = 1; opaque <= frames; opaque++) {
    const message = random.chance(SHARE_OF_INTACT) ? intact?.next() : undefined;
    const last = expected(message ? framed(message, opaque) : frame(random, opaque), message);
    sent.push(last);
    if (last.owed === 'end') return sent;
  }
  const ends = random.chance(SHARE_OF_LAST);
  sent.push(expected(ends ? lastFrame(random, frames + 1) : probe(frames + 1)));
  return sent;
}

function expected(piece: Piece, message?: IntactMessage): Sent {
  const commands: Command[] = [];
  const splitter = new FrameSplitter();
  splitter.push(piece.bytes);
  try {
    for (let next = splitter.next(); next; next = splitter.next()) commands.push(decodeFrame(next));
  } catch {
    return { piece, owed: 'end', opaque: 0 };
  }
  const [command] = commands;
  if (splitter.buffered > 0 || !command) return { piece, owed: 'unfinished', opaque: 0 };
  const owed =
    isResponse(command) || isOneWay(command) ? 'nothing' : HELD.has(command.code) ? 'perhaps' : 'answer';
  return { piece, owed, opaque: command.opaque, message };
}

/** An easy question: once it is answered, nothing read before it was passed over. */
function probe(opaque: number): Piece {
  const extFields = getMaxOffset.encode({ topic: 'TBW102', queueId: 0 });
  return {
    what: 'an easy question',
    bytes: Buffer.concat(encodeFrame({ code: getMaxOffset.code, opaque, flag: 0, extFields })),
  };
}
