import type { Image } from './disk.js';
import { Promises, type Fact, type Op } from './promises.js';

/** Something made wrong on purpose: in the image, or in what is expected of it. */
export type Plant = 'byte' | 'verdict' | 'extra' | 'setting';

interface Made {
  readonly image: Image;
  readonly promises: Promises;
}

export function planted(plant: Plant, { image, promises }: Made): Made {
  if (plant === 'byte') return { image: withAnotherByte(image), promises };
  const history = promises.handOver();
  return { image, promises: Promises.from({ ...history, ops: history.ops.map((op) => spoiled(plant, op)) }) };
}

/** The first block of the first segment, which was synced long ago, has another byte in a record. */
function withAnotherByte(image: Image): Image {
  const [path, content] = [...image].find(([name, bytes]) => name.includes('/log/') && bytes) ?? [];
  const at = content?.indexOf('HMQB') ?? -1;
  if (!path || !content || at < 0) return image;
  const copy = Buffer.from(content);
  copy.writeUInt8(copy.readUInt8(at + 160) ^ 0x55, at + 160);
  return new Map([...image, [path, copy]]);
}

/** What was said to be stored differs from what was: to the checks it is the store that is wrong. */
function spoiled(plant: Plant, op: Op): Op {
  return { ...op, facts: op.facts.flatMap((fact) => spoiledFact(plant, fact)) };
}

function spoiledFact(plant: Plant, fact: Fact): Fact[] {
  if (plant === 'verdict' && fact.is === 'verdict')
    return [{ ...fact, kind: fact.kind === 'commit' ? 'rollback' : 'commit' }];
  if (plant === 'setting' && fact.is === 'setting') return [{ ...fact, document: 'an earlier one' }];
  if (plant === 'extra' && fact.is === 'record' && fact.topic === 'fence') return [];
  return [fact];
}
