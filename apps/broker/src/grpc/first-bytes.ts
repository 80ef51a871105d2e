import type { Socket } from 'node:net';

export type Speaks = 'tls' | 'http2' | 'http1' | 'nothing known';

/** what every HTTP/2 client without TLS says first */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const HTTP1 = /^[A-Z]{3,10} [^\r\n]*/;
const TLS_HANDSHAKE = 0x16;
/** of a line that is neither, so much is looked at */
const LONGEST_HEAD = 24;

/** What its first bytes say it speaks; undefined: more must come. */
export function speaks(head: Buffer): Speaks | undefined {
  if (head.length === 0) return undefined;
  if (head[0] === TLS_HANDSHAKE) return 'tls';
  const beginning = head.subarray(0, PREFACE.length);
  if (PREFACE.subarray(0, beginning.length).equals(beginning))
    return beginning.length === PREFACE.length ? 'http2' : undefined;
  if (HTTP1.test(head.toString('latin1'))) return 'http1';
  return head.length < LONGEST_HEAD ? undefined : 'nothing known';
}

/**
 * Waits for the first bytes and gives them back to the socket, for whoever reads it then.
 * @param known called once, unless the socket ends before
 */
export function listenFor(socket: Socket, known: (what: Speaks) => void): void {
  let head = Buffer.alloc(0);
  const look = (): void => {
    for (let chunk = next(socket); chunk; chunk = next(socket)) head = Buffer.concat([head, chunk]);
    const what = speaks(head);
    if (what === undefined) return;
    socket.off('readable', look);
    socket.unshift(head);
    known(what);
  };
  socket.on('readable', look);
}

const next = (socket: Socket): Buffer | null => socket.read() as Buffer | null;
