import type { ProtoReader } from './proto-reader.js';
import type { ProtoWriter } from './proto-writer.js';

/* Two texts, numbered 1 and 2: an entry of a map, or where a dead letter comes from. */

export function writePair(writer: ProtoWriter, field: number, first: string, second: string): void {
  const end = writer.end();
  writer.string(2, second);
  writer.string(1, first);
  writer.nested(field, end);
}

export function readPair(reader: ProtoReader): [string, string] {
  const pair: [string, string] = ['', ''];
  for (let field = reader.next(); field > 0; field = reader.next()) {
    if (field === 1) pair[0] = reader.string();
    else if (field === 2) pair[1] = reader.string();
    else reader.skip();
  }
  return pair;
}
