import { Random } from '../power/random.js';
import { Exchange } from './exchange.js';
import { httpExchange } from './http-exchange.js';
import { httpPiece } from './http-requests.js';
import type { Intact } from './intact.js';
import { plan } from './plan.js';
import type { Target } from './target.js';

/** Frames of a connection, unless it ends before. */
const FRAMES = 64;
const HTTP_REQUESTS = 6;
export interface Round {
  readonly frames: number;
  readonly complaints: readonly string[];
}

/** What follows from one seed: a connection to one of the doors, and what is said there. */
export async function round(seed: number, target: Target, intact: Intact, limitMs: number): Promise<Round> {
  const random = new Random(seed);
  const door = random.next();
  if (door < 0.08) return overHttp(random, target.httpPort, intact, limitMs);
  const isBroker = door < 0.88;
  const sent = plan(random, FRAMES, isBroker ? intact : undefined);
  const exchange = new Exchange(isBroker ? target.broker : target.nameServer, sent, intact);
  await exchange.run(random, limitMs);
  const server = isBroker ? 'the broker' : 'the name server';
  return {
    frames: sent.length,
    complaints: exchange.complaints.map((complaint) => `${server} ${complaint}`),
  };
}

async function overHttp(random: Random, port: number, intact: Intact, limitMs: number): Promise<Round> {
  const complaints: string[] = [];
  for (let left = HTTP_REQUESTS; left > 0; left--) {
    const piece = httpPiece(random, () => intact.next().body.toString());
    const { status, text, complaint } = await httpExchange(port, piece, limitMs);
    if (piece.intact !== undefined) intact.tookHttp(piece.intact, status, text);
    if (complaint !== undefined) complaints.push(`a request by HTTP ${complaint}`);
  }
  return { frames: HTTP_REQUESTS, complaints };
}
