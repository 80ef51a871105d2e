import { StatusError } from '../status.js';
import { BodyReader } from './body-reader.js';
import { jsonBody } from './json-text.js';

/*
 * BATCH_ACK_MESSAGE's body: {"brokerName":"broker-a","acks":[{"c":group,"t":topic,"r":"retry flag","so":start offset,
 * "q":queue id,"rq":revive queue,"pt":pop time,"it":invisible ms,"b":"base64"}]}. b is a set of bits in little-endian
 * bytes, the lowest bit of the first byte for the start offset itself ("AQ==" is the start alone).
 */

/** Messages of one batch that are done. */
export interface BatchAck {
  readonly group: string;
  /** of the messages, not the retry topic they may have come from: the flag says that */
  readonly topic: string;
  readonly retryFlag: number;
  readonly start: number;
  readonly queueId: number;
  readonly reviveQueue: number;
  readonly popTime: number;
  readonly invisibleMs: number;
  readonly offsets: readonly number[];
}

/** More could not be of one batch: they would only cost memory. */
const MOST_BYTES = 1_024;

export function encodeBatchAcks(brokerName: string, acks: readonly BatchAck[]): Buffer {
  return jsonBody({
    brokerName,
    acks: acks.map((ack) => ({
      c: ack.group,
      t: ack.topic,
      r: String(ack.retryFlag),
      so: ack.start,
      q: ack.queueId,
      rq: ack.reviveQueue,
      pt: ack.popTime,
      it: ack.invisibleMs,
      b: bitsOf(ack.start, ack.offsets),
    })),
  });
}

/** @throws StatusError INVALID_PARAMETER */
export function decodeBatchAcks(body: Buffer): BatchAck[] {
  return BodyReader.of('BatchAckMessageRequestBody', body).objects('acks', (reader) => {
    const start = reader.number('so');
    return {
      group: reader.text('c'),
      topic: reader.text('t'),
      retryFlag: reader.number('r', 0),
      start,
      queueId: reader.number('q'),
      reviveQueue: reader.number('rq'),
      popTime: reader.number('pt'),
      invisibleMs: reader.number('it'),
      offsets: offsetsOf(start, reader.text('b')),
    };
  });
}

function bitsOf(start: number, offsets: readonly number[]): string {
  const highest = Math.max(start, ...offsets) - start;
  const bytes = Buffer.alloc((highest >> 3) + 1);
  for (const offset of offsets) {
    const bit = offset - start;
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (1 << (bit & 7));
  }
  return bytes.toString('base64');
}

function offsetsOf(start: number, base64: string): number[] {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length > MOST_BYTES)
    throw new StatusError(
      'INVALID_PARAMETER',
      `b: at most ${MOST_BYTES} bytes expected, got ${bytes.length}`,
    );
  const offsets: number[] = [];
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    if ((((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1) offsets.push(start + bit);
  }
  return offsets;
}
