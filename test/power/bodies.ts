/** A body that tells by itself whether it is whole: id, size, and bytes that follow from both. */
export function bodyOf(id: string, size: number): Buffer {
  const head = `${id} ${size} `;
  return Buffer.alloc(Math.max(size, head.length), head.padEnd(61, `${id}!`), 'latin1');
}

export function idOf(body: Buffer): string {
  return body.toString('latin1', 0, Math.max(0, body.indexOf(' ')));
}

export function isWhole(body: Buffer): boolean {
  const [id = '', size = ''] = body.toString('latin1', 0, 60).split(' ');
  return body.equals(bodyOf(id, Number(size)));
}
