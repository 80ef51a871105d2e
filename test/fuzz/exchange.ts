import { connect, type Socket } from 'node:net';
import {
  CommandFlag,
  decodeFrame,
  encodeFrame,
  FrameSplitter,
  isResponse,
  type Command,
} from '@halfmq/remoting';
import type { Random } from '../power/random.js';
import type { Intact } from './intact.js';
import type { Sent } from './plan.js';

const MOST_CUTS = 4;
const SHOWN_BYTES = 400;

/** One connection's life: what was planned goes out, however it is cut, and what comes back is compared with what is owed. */
export class Exchange {
  /** what is wrong, a line each */
  readonly complaints: string[] = [];
  private readonly owed = new Map<number, Sent[]>();
  /** what several requests are called, as changed bytes make it: nobody knows whose an answer is */
  private readonly shared = new Set<number>();
  /** answers without which it is not over */
  private open = 0;
  private readonly socket: Socket;
  private readonly splitter = new FrameSplitter();
  private readonly last: Sent | undefined;
  /** by which the log of the other side names this one */
  private port: number | undefined;
  private over: () => void = () => undefined;
  private isOver = false;
  private isWritten = false;

  constructor(
    address: string,
    private readonly plan: readonly Sent[],
    private readonly intact: Intact | undefined,
  ) {
    for (const sent of plan) this.expect(sent);
    this.last = plan.at(-1);
    const [host = '', port] = address.split(':');
    this.socket = connect({ host, port: Number(port), noDelay: true });
  }

  async run(random: Random, limitMs: number): Promise<void> {
    const done = new Promise<void>((resolve) => (this.over = resolve));
    const timer = setTimeout(() => this.late(limitMs), limitMs);
    this.socket.on('connect', () => (this.port = this.socket.localPort));
    this.socket.on('data', (chunk) => this.read(chunk));
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => this.closed());
    await this.write(random);
    await done;
    clearTimeout(timer);
    if (random.chance(0.5)) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  private expect(sent: Sent): void {
    if (sent.owed !== 'answer' && sent.owed !== 'perhaps') return;
    const others = this.owed.get(sent.opaque);
    if (others) this.shared.add(sent.opaque);
    if (others) others.push(sent);
    else this.owed.set(sent.opaque, [sent]);
    if (sent.owed === 'answer') this.open++;
  }

  private async write(random: Random): Promise<void> {
    const bytes = Buffer.concat(this.plan.map(({ piece }) => piece.bytes));
    const cuts = Array.from({ length: random.below(MOST_CUTS) }, () => random.below(bytes.length));
    let from = 0;
    for (const to of [...cuts.sort((a, b) => a - b), bytes.length]) {
      if (to > from) this.socket.write(bytes.subarray(from, to));
      from = to;
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.isWritten = true;
    if (this.last?.owed === 'unfinished') this.socket.end();
  }

  private read(chunk: Buffer): void {
    this.splitter.push(chunk);
    try {
      for (let frame = this.splitter.next(); frame; frame = this.splitter.next())
        this.take(decodeFrame(frame));
    } catch (error) {
      this.complain(`sent what cannot be read: ${String(error)}`);
    }
  }

  private take(command: Command): void {
    if (!isResponse(command)) return this.answerBack(command);
    const waiting = this.owed.get(command.opaque);
    const sent = waiting?.shift();
    if (!sent)
      return this.complain(
        `answered ${command.opaque} once too often, with ${command.code} ${command.remark ?? ''}`,
      );
    const isItsOwn = !this.shared.has(command.opaque);
    if (sent.message && isItsOwn) this.intact?.took(sent.message, command);
    if (sent.owed === 'answer') this.open--;
    if (this.open === 0 && !this.awaitsEnd) this.end();
  }

  /** The broker asks: about transactions, what is consumed here, whatever. It gets nonsense, but not within a frame. */
  private answerBack({ opaque }: Command): void {
    if (!this.isWritten) return;
    const flag = CommandFlag.RESPONSE;
    const answer = { code: opaque % 3, opaque, flag, body: Buffer.from('{"body":[') };
    if (this.socket.writable) this.socket.write(Buffer.concat(encodeFrame(answer)));
  }

  private get awaitsEnd(): boolean {
    return this.last?.owed === 'end' || this.last?.owed === 'unfinished';
  }

  private closed(): void {
    if (!this.isOver && !this.awaitsEnd)
      this.complain(
        `ended the connection of port ${this.port} with ${this.open} unanswered:\n${this.unanswered()}`,
      );
    this.end();
  }

  private late(limitMs: number): void {
    const what = this.awaitsEnd
      ? `did not end the connection after:\n${shown(this.last)}`
      : `did not answer:\n${this.unanswered()}`;
    this.complain(`within ${limitMs} ms ${what}`);
  }

  private unanswered(): string {
    const left = [...this.owed.values()].flat().filter(({ owed }) => owed === 'answer');
    return left.slice(0, 3).map(shown).join('\n');
  }

  private complain(what: string): void {
    this.complaints.push(what);
    this.end();
  }

  private end(): void {
    this.isOver = true;
    this.over();
  }
}

function shown(sent: Sent | undefined): string {
  if (!sent) return '';
  const { what, bytes } = sent.piece;
  const text = JSON.stringify(bytes.subarray(0, SHOWN_BYTES).toString('latin1'));
  return `  ${what}, ${bytes.length} bytes: ${text}${bytes.length > SHOWN_BYTES ? ' ...' : ''}`;
}
