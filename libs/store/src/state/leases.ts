import { longNameKey } from '../keys.js';
import type { DocumentOf, Leases, LeaseRow } from '../message-store.js';
import type { Part } from './part.js';
import type { Change, StateEnvironment } from './state-environment.js';

/**
 * Leases as documents of the room that gives them: asked for when they are written, not each time one changes. Written
 * and logged in one piece with the consumer offsets, which say that what is leased was handed out.
 */
export class LoggedLeases implements Leases, Part {
  /** group, 0, topic (0, part) → document, as written last */
  private readonly documents = new Map<string, string>();
  /** not yet in the state environment, not yet in the log */
  private readonly dirty = new Set<string>();
  private readonly unlogged = new Set<string>();
  private documentOf: DocumentOf = (group, topic, part) => this.documents.get(fullName(group, topic, part));

  takenOver(documentOf: DocumentOf): readonly LeaseRow[] {
    this.documentOf = documentOf;
    return [...this.documents].map(([full, document]) => row(full, document));
  }

  touch(group: string, topic: string, part = ''): void {
    const full = fullName(group, topic, part);
    this.dirty.add(full);
    this.unlogged.add(full);
  }

  /** The topic's queues have ended, and what lay in them. */
  forgetTopic(topic: string): void {
    for (const full of this.documents.keys()) {
      const [group = '', of = '', part] = full.split('\0');
      if (of !== topic) continue;
      this.documents.delete(full);
      this.touch(group, topic, part);
    }
  }

  get any(): boolean {
    return this.documents.size + this.unlogged.size > 0;
  }

  /** Has one changed that is not in the log? */
  get changed(): boolean {
    return this.unlogged.size > 0;
  }

  /** What the log does not have; null: none any more. */
  changedRows(): LeaseRow[] {
    const rows = [...this.unlogged].map((full) => this.current(full));
    this.unlogged.clear();
    return rows;
  }

  /** To be logged. */
  everything(): LeaseRow[] {
    const all = new Set([...this.documents.keys(), ...this.unlogged]);
    this.unlogged.clear();
    return [...all].map((full) => this.current(full)).filter(([, , document]) => document !== null);
  }

  /** A logged snapshot is the whole of it, and newer than what is here. */
  replace(rows: readonly LeaseRow[]): void {
    for (const full of this.documents.keys()) this.dirty.add(full);
    this.documents.clear();
    this.change(rows);
  }

  change(rows: readonly LeaseRow[]): void {
    for (const [group, topic, document, part] of rows) {
      const full = fullName(group, topic, part);
      this.keep(full, document ?? undefined);
      this.dirty.add(full);
    }
  }

  load(state: StateEnvironment): void {
    for (const { key, value } of state.all('l'))
      this.documents.set(key.toString('utf8', 1), value.toString('utf8'));
    // what a killed process had not logged yet is among it
    for (const full of this.documents.keys()) this.unlogged.add(full);
  }

  changes(): Change[] {
    const changes = [...this.dirty].map((full) => {
      const [, , document] = this.current(full);
      return { key: longNameKey('l', full), value: document === null ? undefined : Buffer.from(document) };
    });
    this.dirty.clear();
    return changes;
  }

  private current(full: string): LeaseRow {
    const [group = '', topic = '', part = ''] = full.split('\0');
    const document = this.documentOf(group, topic, part);
    this.keep(full, document);
    return row(full, document ?? null);
  }

  private keep(full: string, document: string | undefined): void {
    if (document === undefined) this.documents.delete(full);
    else this.documents.set(full, document);
  }
}

function fullName(group: string, topic: string, part = ''): string {
  return part === '' ? `${group}\0${topic}` : `${group}\0${topic}\0${part}`;
}

function row(full: string, document: string | null): LeaseRow {
  const [group = '', topic = '', part] = full.split('\0');
  return part === undefined ? [group, topic, document] : [group, topic, document, part];
}
