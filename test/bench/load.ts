import { connect, type Socket } from 'node:net';

/**
 * The load generator: pre-encoded frames with the opaque patched in place, so that what is measured is the
 * server. One socket per connection, `window` requests in flight on each.
 */
export interface Load {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  /** Requests in flight per connection. */
  readonly window: number;
  readonly total: number;
  /** One encoded frame (JSON header) whose opaque is written as `OPAQUE_MARK`. */
  readonly frame: (sequence: number) => Buffer;
  readonly onResponse?: (frame: Buffer) => void;
}

export interface LoadResult {
  readonly total: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export const OPAQUE_MARK = '1000000000';

/** A frame in the JSON header encoding, ready to be patched by `patchOpaque`. */
export function jsonFrame(code: number, extFields: Record<string, string>, body: Buffer): Buffer {
  const header = Buffer.from(
    `{"code":${code},"extFields":${JSON.stringify(extFields)},"flag":0,"language":"JAVA","opaque":${OPAQUE_MARK},"serializeTypeCurrentRPC":"JSON","version":479}`,
  );
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32BE(4 + header.length + body.length, 0);
  prefix.writeUInt32BE(header.length, 4);
  return Buffer.concat([prefix, header, body]);
}

/** Numbers of ten digits keep the frame's length, whatever the sequence. */
export function patchOpaque(frame: Buffer, at: number, sequence: number): Buffer {
  frame.write(String(1_000_000_000 + sequence), at, 'latin1');
  return frame;
}

class Lane {
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private readonly sentAt: number[] = [];
  private answered = 0;
  private sent = 0;

  constructor(
    private readonly socket: Socket,
    private readonly load: Load,
    private readonly share: number,
    private readonly latencies: number[],
    private readonly done: () => void,
  ) {
    socket.on('data', (chunk: Buffer) => {
      try {
        this.take(chunk);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
  }

  start(): void {
    this.fill();
  }

  private fill(): void {
    const frames: Buffer[] = [];
    while (this.sent < this.share && this.sent - this.answered < this.load.window) {
      frames.push(this.load.frame(this.sent));
      this.sentAt.push(performance.now());
      this.sent++;
    }
    if (frames.length > 0) this.socket.write(Buffer.concat(frames));
  }

  private take(chunk: Buffer): void {
    this.pending.push(chunk);
    this.pendingBytes += chunk.length;
    if (this.pendingBytes < 4) return;
    let buffer = this.pending.length === 1 ? chunk : Buffer.concat(this.pending);
    while (buffer.length >= 4) {
      const end = 4 + buffer.readUInt32BE(0);
      if (buffer.length < end) break;
      if (this.answered === 0) mustBeOk(buffer.subarray(0, end));
      this.load.onResponse?.(buffer.subarray(0, end));
      this.latencies.push(performance.now() - (this.sentAt[this.answered] ?? 0));
      this.answered++;
      buffer = buffer.subarray(end);
    }
    this.pending = [buffer];
    this.pendingBytes = buffer.length;
    if (this.answered === this.share) this.done();
    else this.fill();
  }
}

export interface AnswerHeader {
  readonly code: number;
  readonly remark?: string;
  readonly extFields?: Readonly<Record<string, string>>;
}

/** The header of an answer in the JSON encoding. */
export function headerOf(frame: Buffer): AnswerHeader {
  const length = frame.readUInt32BE(4) & 0xffffff;
  return JSON.parse(frame.subarray(8, 8 + length).toString()) as AnswerHeader;
}

/** What refuses everything is fast: the first answer of each connection is looked at. An echo has no header. */
function mustBeOk(frame: Buffer): void {
  if (frame[8] !== 0x7b) return;
  const { code, remark } = headerOf(frame);
  if (code !== 0) throw new Error(`the server refused: ${code} ${remark ?? ''}`);
}

export async function run(load: Load): Promise<LoadResult> {
  const sockets = await Promise.all(Array.from({ length: load.connections }, () => dial(load)));
  const share = Math.floor(load.total / load.connections);
  const latencies: number[] = [];
  const begun = performance.now();
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve, reject) => {
          socket.once('error', reject);
          socket.once('close', () => reject(new Error('the server closed the connection under load')));
          new Lane(socket, load, share, latencies, resolve).start();
        }),
    ),
  );
  const seconds = (performance.now() - begun) / 1000;
  for (const socket of sockets) socket.destroy();
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  const total = share * load.connections;
  return { total, seconds, perSecond: total / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

function dial(load: Load): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(load.port, load.host, () => {
      socket.setNoDelay(true);
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}
