import type { Frames } from './load.js';

/** What clients write, encoded once: JSON headers, bodies of 1 KiB, and numbers of a fixed width that are patched. */

export const TOPIC = 'BenchTopic';
export const GROUP = 'bench';
/** queues that the lanes' sends are spread over */
const QUEUES = 4;
export const BATCH_OF = 16;
const DIGITS = 12;
const BLANK_NUMBER = '0'.repeat(DIGITS);
const BODY = Buffer.alloc(1024, 'x');
const UNIQUE_PREFIX = '7F00000100002A9F0000';

/** Ids are unique over all loads of a run: brokers keep indexes by them. */
let unique = process.pid * 1_000_000_000;

/** Writes `value` as twelve digits. */
export function writeNumber(target: Buffer, at: number, value: number): void {
  let rest = value;
  for (let place = at + DIGITS - 1; place >= at; place--) {
    const tens = Math.floor(rest / 10);
    target[place] = 0x30 + rest - tens * 10;
    rest = tens;
  }
}

export function jsonFrame(code: number, extFields: Record<string, string>, body: Buffer, opaque = 1): Buffer {
  const header = Buffer.from(
    `{"code":${code},"extFields":${JSON.stringify(extFields)},"flag":0,"language":"JAVA","opaque":${opaque},"serializeTypeCurrentRPC":"JSON","version":479}`,
  );
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32BE(4 + header.length + body.length, 0);
  prefix.writeUInt32BE(header.length, 4);
  return Buffer.concat([prefix, header, body]);
}

function sendFields(lane: number, properties: string): Record<string, string> {
  const queue = String(lane % QUEUES);
  const words = { a: GROUP, b: TOPIC, c: 'TBW102', d: String(QUEUES), e: queue, f: '0', g: '1700000000000' };
  return { ...words, h: '0', i: properties, j: '0', k: 'false', m: 'false', n: 'bench' };
}

const propertiesOf = (more: string): string =>
  `UNIQ_KEY\u0001${UNIQUE_PREFIX}${BLANK_NUMBER}\u0002WAIT\u0001true\u0002${more}\u0002`;

/** A message of 1 KiB with a tag and a unique id, as Java clients send it (SEND_MESSAGE_V2). */
export function sends(lane: number): Frames {
  return withUniqueKeys(jsonFrame(310, sendFields(lane, propertiesOf('TAGS\u0001TagA')), BODY));
}

/** The name of one of many topics: as long as any other's. */
export const topicNumber = (nth: number): string => `T${String(nth).padStart(DIGITS, '0')}`;

/** As `sends`, to that many topics in turn; `sendsOver(1)` is the same to one of them. */
export function sendsOver(topics: number): (lane: number) => Frames {
  return (lane) => {
    const fields = { ...sendFields(lane, propertiesOf('TAGS\u0001TagA')), b: topicNumber(0) };
    const { template, patch } = withUniqueKeys(jsonFrame(310, fields, BODY));
    const mark = template.indexOf(topicNumber(0)) + 1;
    // lanes of one queue begin apart
    const first = Math.floor((lane * topics) / QUEUES);
    return {
      template,
      patch(target, at, sequence) {
        patch(target, at, sequence);
        writeNumber(target, at + mark, (first + sequence) % topics);
      },
    };
  };
}

/** Sixteen messages of 1 KiB in one request (SEND_BATCH_MESSAGE). */
export function batches(lane: number): Frames {
  const body = batchBody(propertiesOf('TAGS\u0001TagA'), BODY);
  return withUniqueKeys(
    jsonFrame(320, { ...sendFields(lane, propertiesOf('TAGS\u0001TagA')), m: 'true' }, body),
  );
}

/** MessageDecoder.encodeMessages: size, magic, crc and flag (zeros are taken), body, properties. */
function batchBody(properties: string, body: Buffer): Buffer {
  const tail = Buffer.from(properties, 'latin1');
  const one = Buffer.alloc(22 + body.length + tail.length);
  one.writeUInt32BE(one.length, 0);
  one.writeUInt32BE(body.length, 16);
  body.copy(one, 20);
  one.writeUInt16BE(tail.length, 20 + body.length);
  tail.copy(one, 22 + body.length);
  return Buffer.concat(Array.from({ length: BATCH_OF }, () => one));
}

const HALF = `TRAN_MSG\u0001true\u0002PGROUP\u0001${GROUP}`;

/** Half messages that nobody decides. */
export function halves(lane: number): Frames {
  return withUniqueKeys(jsonFrame(310, sendFields(lane, propertiesOf(HALF)), BODY));
}

/**
 * A half message and its commit, of one slot of a lane: the answer to the first says what the second names.
 * @param checked it is checked at once, and the commit is the answer to that
 */
export function transaction(
  lane: number,
  slot: number,
  slots: number,
  checked: boolean,
): { half: Slot; end: Slot } {
  const immunity = checked ? '\u0002CHECK_IMMUNITY_TIME_IN_SECONDS\u00010' : '';
  const fields = sendFields(lane, propertiesOf(HALF + immunity));
  const id = UNIQUE_PREFIX + BLANK_NUMBER;
  const end = {
    topic: TOPIC,
    producerGroup: GROUP,
    tranStateTableOffset: BLANK_NUMBER,
    commitLogOffset: BLANK_NUMBER,
    commitOrRollback: '8',
    fromTransactionCheck: String(checked),
    msgId: id,
    transactionId: id,
  };
  return {
    half: slotOf(jsonFrame(310, fields, BODY, slot)),
    end: slotOf(jsonFrame(37, end, Buffer.alloc(0), slots + slot)),
  };
}

/** A frame of its own and where its numbers are. */
export interface Slot {
  readonly frame: Buffer;
  readonly numbers: readonly number[];
}

function slotOf(frame: Buffer): Slot {
  return { frame, numbers: placesOf(frame, BLANK_NUMBER) };
}

export const nextUnique = (): number => unique++;

function withUniqueKeys(template: Buffer): Frames {
  const marks = placesOf(template, UNIQUE_PREFIX + BLANK_NUMBER).map((at) => at + UNIQUE_PREFIX.length);
  return {
    template,
    patch(target, at) {
      for (const mark of marks) writeNumber(target, at + mark, unique++);
    },
  };
}

/** Pulls of `batch` messages, over and over the first `messages` of queue 0. */
export function pulls(batch: number, messages: number): (lane: number) => Frames {
  // lanes begin apart, so that they do not all read the same block
  return (lane) =>
    pullsOf(TOPIC, 0, batch, (sequence) => ((lane * 977 + sequence) * batch) % (messages - batch));
}

/** Pulls of `batch` messages, one after the other, each lane a queue of its own. @param first pulls passed over */
export function sequentialPulls(topic: string, batch: number, first: number): (lane: number) => Frames {
  return (lane) => pullsOf(topic, lane, batch, (sequence) => (first + sequence) * batch);
}

function pullsOf(
  topic: string,
  queue: number,
  batch: number,
  offsetOf: (sequence: number) => number,
): Frames {
  const template = jsonFrame(
    11,
    {
      consumerGroup: GROUP,
      topic,
      queueId: String(queue),
      queueOffset: BLANK_NUMBER,
      maxMsgNums: String(batch),
      sysFlag: '4',
      commitOffset: '0',
      suspendTimeoutMillis: '0',
      subscription: '*',
      subVersion: '0',
      expressionType: 'TAG',
    },
    Buffer.alloc(0),
  );
  const mark = template.indexOf(BLANK_NUMBER);
  return {
    template,
    patch(target, at, sequence) {
      writeNumber(target, at + mark, offsetOf(sequence));
    },
  };
}

function placesOf(source: Buffer, text: string): number[] {
  const places: number[] = [];
  for (let at = source.indexOf(text); at >= 0; at = source.indexOf(text, at + text.length)) places.push(at);
  return places;
}
