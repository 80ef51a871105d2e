import { nameKey } from '../keys.js';
import type { ConsumerOffsets } from '../message-store.js';
import type { GroupOffsets } from './decision.js';
import type { Part } from './part.js';
import type { Change, StateEnvironment } from './state-environment.js';

type QueueOffsets = Map<number, number>;
const NONE: ReadonlyMap<number, number> = new Map<number, number>();

/** Where each group reads on: group → topic → queue id → offset, in memory. */
export class GroupedOffsets implements ConsumerOffsets, Part {
  private readonly groups = new Map<string, Map<string, QueueOffsets>>();
  /** not yet in the state environment: group, 0, topic */
  private readonly dirty = new Set<string>();
  /** not yet in the log */
  private readonly unlogged = new Set<string>();
  /** something changed since it was last logged */
  private anyChanged = false;

  query(group: string, topic: string, queueId: number): number | undefined {
    return this.groups.get(group)?.get(topic)?.get(queueId);
  }

  commit(group: string, topic: string, queueId: number, offset: number): void {
    const offsets = this.of(group, topic);
    if (offsets.get(queueId) === offset) return;
    offsets.set(queueId, offset);
    this.touch(group, topic);
  }

  private of(group: string, topic: string): QueueOffsets {
    let topics = this.groups.get(group);
    if (!topics) this.groups.set(group, (topics = new Map<string, QueueOffsets>()));
    let offsets = topics.get(topic);
    if (!offsets) topics.set(topic, (offsets = new Map<number, number>()));
    return offsets;
  }

  private touch(group: string, topic: string): void {
    const full = `${group}\0${topic}`;
    this.dirty.add(full);
    this.unlogged.add(full);
    this.anyChanged = true;
  }

  ofTopic(group: string, topic: string): ReadonlyMap<number, number> {
    return this.groups.get(group)?.get(topic) ?? NONE;
  }

  topicsOf(group: string): readonly string[] {
    return [...(this.groups.get(group)?.keys() ?? [])];
  }

  groupsOf(topic: string): readonly string[] {
    return [...this.groups].filter(([, topics]) => topics.has(topic)).map(([group]) => group);
  }

  forget(group: string): void {
    for (const topic of this.topicsOf(group)) this.touch(group, topic);
    this.groups.delete(group);
  }

  /** @returns how to undo it */
  forgetTopic(topic: string): () => void {
    const lost = this.groupsOf(topic).map((group) => ({ group, offsets: this.of(group, topic) }));
    for (const { group } of lost) {
      this.groups.get(group)?.delete(topic);
      this.touch(group, topic);
    }
    return () => {
      for (const { group, offsets } of lost) {
        for (const [queueId, offset] of offsets) this.commit(group, topic, queueId, offset);
      }
    };
  }

  get any(): boolean {
    return this.groups.size > 0;
  }

  get changed(): boolean {
    return this.anyChanged;
  }

  /** What the log does not have; without numbers: forgotten. */
  changedRows(): GroupOffsets[] {
    const rows = [...this.unlogged].map((full): GroupOffsets => {
      const [group = '', topic = ''] = full.split('\0');
      return [group, topic, [...this.ofTopic(group, topic)].flat()];
    });
    this.logged();
    return rows;
  }

  /** To be logged. */
  everything(): GroupOffsets[] {
    this.logged();
    const all: GroupOffsets[] = [];
    for (const [group, topics] of this.groups) {
      for (const [topic, offsets] of topics) all.push([group, topic, [...offsets].flat()]);
    }
    return all;
  }

  private logged(): void {
    this.unlogged.clear();
    this.anyChanged = false;
  }

  /** A logged snapshot is the whole of it, and newer than what is here. */
  replace(snapshot: readonly GroupOffsets[]): void {
    for (const group of this.groups.keys()) this.forget(group);
    this.take(snapshot);
    this.logged();
  }

  /** Logged rows stand for what is here of the same group and topic. */
  change(rows: readonly GroupOffsets[]): void {
    const { anyChanged } = this;
    for (const [group, topic, row] of rows) {
      this.groups.get(group)?.delete(topic);
      this.touch(group, topic);
      this.take([[group, topic, row]]);
      this.unlogged.delete(`${group}\0${topic}`);
    }
    this.anyChanged = anyChanged;
  }

  private take(rows: readonly GroupOffsets[]): void {
    for (const [group, topic, row] of rows) {
      for (let at = 0; at + 1 < row.length; at += 2) {
        const [queueId = 0, offset = 0] = row.slice(at, at + 2);
        this.commit(group, topic, queueId, offset);
      }
    }
  }

  load(state: StateEnvironment): void {
    for (const { key, value } of state.all('o')) {
      const [group = '', topic = ''] = key.toString('utf8', 1).split('\0');
      this.take([[group, topic, JSON.parse(value.toString('utf8')) as number[]]]);
    }
    this.dirty.clear();
    // all of it stays unlogged: what a killed process had not logged yet is among it
    this.anyChanged = false;
  }

  changes(): Change[] {
    const changes = [...this.dirty].map((full) => {
      const [group = '', topic = ''] = full.split('\0');
      const offsets = this.groups.get(group)?.get(topic);
      return {
        key: nameKey('o', group, topic),
        value: offsets && Buffer.from(JSON.stringify([...offsets].flat())),
      };
    });
    this.dirty.clear();
    return changes;
  }
}
