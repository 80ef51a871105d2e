import { formatTransactionId, parseTransactionId, type HalfPlace } from '../grpc/transaction-id.js';

/** A half message of a transaction. */
export interface ForwardedHalf {
  readonly topic: string;
  readonly place: HalfPlace;
}

export interface Places {
  readonly group: string;
  readonly halves: readonly [ForwardedHalf, ...ForwardedHalf[]];
}

/*
 * The id of a transaction that was begun at a proxy: every proxy understands it, at any time.
 *
 *   base64url of   group topic place topic place …   where a place is a gRPC transaction id; none of them has a blank
 */
export function formatPlaces({ group, halves }: { group: string; halves: readonly ForwardedHalf[] }): string {
  const words = halves.flatMap(({ topic, place }) => [topic, formatTransactionId(place)]);
  return Buffer.from([group, ...words].join(' ')).toString('base64url');
}

/** @returns undefined for what is none */
export function parsePlaces(id: string): Places | undefined {
  const [group = '', ...words] = Buffer.from(id, 'base64url').toString().split(' ');
  const halves: ForwardedHalf[] = [];
  for (let at = 0; at < words.length; at += 2) {
    const [topic = '', place] = [words[at], parseTransactionId(words[at + 1] ?? '')];
    if (!place) return undefined;
    halves.push({ topic, place });
  }
  const [first, ...others] = halves;
  return first && { group, halves: [first, ...others] };
}
