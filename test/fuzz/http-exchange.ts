import { connect } from 'node:net';
import type { HttpPiece } from './http-requests.js';

const STATUS_LINE = /^HTTP\/1\.1 (\d{3}) /;
const SHOWN = 400;

export interface HttpAnswer {
  /** undefined: the connection was closed without a word */
  readonly status: number | undefined;
  readonly text: string;
  readonly complaint?: string;
}

/** One request on a connection of its own, and whether its answer is one. */
export async function httpExchange(port: number, piece: HttpPiece, limitMs: number): Promise<HttpAnswer> {
  const text = await answerTo(port, piece, limitMs);
  const status = text === undefined ? undefined : statusOf(text);
  const complaint = complaintOf(piece, text, status);
  const answer = { status, text: text ?? '' };
  return complaint === undefined
    ? answer
    : { ...answer, complaint: `${complaint}\n  ${piece.what}: ${shown(piece.bytes)}` };
}

/** @returns undefined when it did not come to an end */
function answerTo(port: number, { bytes, whole }: HttpPiece, limitMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const chunks: Buffer[] = [];
    const timer = setTimeout(() => {
      resolve(undefined);
      socket.destroy();
    }, limitMs);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString());
    });
    socket.write(bytes);
    if (!whole) socket.end();
  });
}

function statusOf(text: string): number | undefined {
  const status = STATUS_LINE.exec(text)?.[1];
  return status === undefined ? undefined : Number(status);
}

function complaintOf(
  { whole }: HttpPiece,
  text: string | undefined,
  status: number | undefined,
): string | undefined {
  if (text === undefined) return 'was neither answered nor ended';
  if (text !== '' && status === undefined) return `was answered with no HTTP: ${text.slice(0, SHOWN)}`;
  if (text === '' && whole) return 'was not answered';
  if (status === 500) return `was answered with 500: ${text.slice(-SHOWN)}`;
  return undefined;
}

function shown(bytes: Buffer): string {
  const text = JSON.stringify(bytes.subarray(0, SHOWN).toString('latin1'));
  return `${bytes.length} bytes: ${text}${bytes.length > SHOWN ? ' ...' : ''}`;
}
