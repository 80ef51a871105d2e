import { nameKey } from '../keys.js';
import type { SettingKind, Settings, Stored } from '../message-store.js';
import type { DecisionWriter } from './decision.js';
import type { Appender, Part } from './part.js';
import type { Change, StateEnvironment } from './state-environment.js';

const KINDS: readonly SettingKind[] = ['topic', 'group', 'broker', 'epoch', 'push'];

/** Documents by kind and name; each change is a record, the latest wins. */
export class LoggedSettings implements Settings, Part {
  private readonly documents = new Map<SettingKind, Map<string, string>>(
    KINDS.map((kind) => [kind, new Map<string, string>()]),
  );
  private readonly dirty = new Set<string>();
  /** physical offset of the latest record; absent: some earlier one */
  private readonly liesAt = new Map<string, number>();

  constructor(
    private readonly log: Appender,
    private readonly decisions: DecisionWriter,
  ) {}

  all(kind: SettingKind): ReadonlyMap<string, string> {
    return this.of(kind);
  }

  private of(kind: SettingKind): Map<string, string> {
    return this.documents.get(kind) ?? new Map<string, string>();
  }

  put(kind: SettingKind, name: string, document: string, stored: Stored): void {
    this.change(kind, name, document, stored);
  }

  delete(kind: SettingKind, name: string, stored: Stored): void {
    this.change(kind, name, undefined, stored);
  }

  private change(kind: SettingKind, name: string, document: string | undefined, stored: Stored): void {
    const decision = { type: 'setting', kind, name, document: document ?? null } as const;
    const [place] = this.log.append([this.decisions.decision(decision)], stored);
    const full = `${kind}\0${name}`;
    const before = { document: this.of(kind).get(name), liesAt: this.liesAt.get(full) ?? 0 };
    this.liesAt.set(full, place?.physicalOffset ?? 0);
    this.apply(kind, name, document);
    this.log.onUndo(() => {
      this.liesAt.set(full, before.liesAt);
      this.apply(kind, name, before.document);
    });
  }

  /** Also what a record says when the log is applied again. */
  apply(kind: SettingKind, name: string, document: string | undefined): void {
    if (document === undefined) this.of(kind).delete(name);
    else this.of(kind).set(name, document);
    this.dirty.add(`${kind}\0${name}`);
  }

  /** Logs again what lies before this physical offset: its segment will go. @returns false when nothing is left */
  logAgain(before: number, limit: number): boolean {
    let left = limit;
    for (const kind of KINDS) {
      for (const [name, document] of this.of(kind)) {
        if ((this.liesAt.get(`${kind}\0${name}`) ?? 0) >= before) continue;
        if (left-- === 0) return true;
        this.put(kind, name, document, () => undefined);
      }
    }
    return false;
  }

  load(state: StateEnvironment): void {
    for (const { key, value } of state.all('s')) {
      const [kind, name] = key.toString('utf8', 1).split('\0');
      if (kind && name) this.of(kind as SettingKind).set(name, value.toString('utf8'));
    }
  }

  changes(): Change[] {
    const changes = [...this.dirty].map((full) => {
      const [kind = '', name = ''] = full.split('\0');
      const document = this.of(kind as SettingKind).get(name);
      return {
        key: nameKey('s', kind, name),
        value: document === undefined ? undefined : Buffer.from(document),
      };
    });
    this.dirty.clear();
    return changes;
  }
}
