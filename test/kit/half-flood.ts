import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  encodeFrame,
  formatProperties,
  heartBeat,
  JSON_HEADER,
  sendMessageV2,
  SysFlag,
  type RequestSpec,
} from '@halfmq/remoting';

const AT_ONCE = 1000;
const CHECK = '"code":39,';

/** One connection that sends very many half messages, ends none of them, and counts the checks that come. */
export class HalfFlood {
  /** half offsets that were asked about, as often as they were */
  readonly asked: number[] = [];
  private answers = 0;
  private opaque = 0;
  private rest: Buffer = Buffer.alloc(0);

  private constructor(
    private readonly socket: Socket,
    private readonly group: string,
  ) {
    socket.on('data', (chunk) => this.read(chunk));
  }

  static async connect(port: number, group: string): Promise<HalfFlood> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new HalfFlood(socket, group);
  }

  async send(topic: string, count: number, body: Buffer): Promise<void> {
    for (let from = 0; from < count; from += AT_ONCE) {
      const frames = Array.from({ length: Math.min(AT_ONCE, count - from) }, () => this.half(topic, body));
      await this.answered(frames);
    }
  }

  /** When it returns, everything the broker had written on this connection before is here. */
  async beat(): Promise<void> {
    const producerDataSet = [{ groupName: this.group }];
    const body = Buffer.from(JSON.stringify({ clientID: 'flood', producerDataSet, consumerDataSet: [] }));
    await this.answered([this.frame(heartBeat, {}, body)]);
  }

  close(): void {
    this.socket.destroy();
  }

  private half(topic: string, body: Buffer): Buffer {
    const properties = formatProperties([
      ['TRAN_MSG', 'true'],
      ['PGROUP', this.group],
      ['UNIQ_KEY', `FLOOD${String(this.opaque).padStart(27, '0')}`],
    ]);
    const header = {
      producerGroup: this.group,
      topic,
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: 4,
      queueId: 0,
      sysFlag: SysFlag.TRANSACTION_PREPARED,
      bornTimestamp: 0,
      flag: 0,
      properties,
    };
    return this.frame(sendMessageV2, header, body);
  }

  private frame<H>({ code, encode }: RequestSpec<H>, header: H, body: Buffer): Buffer {
    const extFields = encode(header);
    return Buffer.concat(
      encodeFrame({ code, opaque: this.opaque++, flag: 0, extFields, body, serializeType: JSON_HEADER }),
    );
  }

  private async answered(frames: readonly Buffer[]): Promise<void> {
    const wanted = this.answers + frames.length;
    this.socket.write(Buffer.concat(frames));
    while (this.answers < wanted) await once(this.socket, 'data');
  }

  private read(chunk: Buffer): void {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let at = 0;
    for (; at + 4 <= bytes.length; at += 4 + bytes.readUInt32BE(at)) {
      const end = at + 4 + bytes.readUInt32BE(at);
      if (end > bytes.length) break;
      const header = bytes.toString('latin1', at + 8, at + 8 + (bytes.readUInt32BE(at + 4) & 0xffffff));
      if (!header.includes(CHECK)) this.answers++;
      else this.asked.push(Number(/"tranStateTableOffset":"?(\d+)/.exec(header)?.[1]));
    }
    this.rest = Buffer.from(bytes.subarray(at));
  }
}
