import {
  nextDataVersion,
  subscriptionGroupConfig,
  type Clock,
  type DataVersion,
  type Log,
} from '@halfmq/remoting';
import type { MessageStore, StoreError } from '@halfmq/store';
import type { BrokerConfig } from '../config/resolve-config.js';
import { PREDEFINED_GROUPS, type GroupConfig } from './group-config.js';
import { told } from './told.js';
import { isLegalGroup, isSystemGroup } from './topic-names.js';

/** A group is deleted. @returns what makes it undone, when the store refuses; nothing: there is nothing to undo */
export type DeleteListener = (group: string) => (() => void) | undefined;

/** Consumer groups: documents in the store's settings, and the predefined ones, which are there without being stored. */
export class Groups {
  private readonly groups = new Map<string, GroupConfig>();
  private version: DataVersion;
  private readonly listeners: DeleteListener[] = [];

  constructor(
    private readonly store: MessageStore,
    private readonly config: BrokerConfig,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    for (const name of PREDEFINED_GROUPS) this.groups.set(name, subscriptionGroupConfig(name));
    for (const [name, document] of store.settings.all('group')) {
      this.groups.set(name, subscriptionGroupConfig(name, JSON.parse(document) as Partial<GroupConfig>));
    }
    this.version = { counter: 0, stateVersion: 0, timestamp: clock.now() };
  }

  /** The group, made at its first use where autoCreateSubscriptionGroup allows it; undefined otherwise. */
  find(group: string): GroupConfig | undefined {
    return this.groups.get(group) ?? this.autoCreate(group);
  }

  /** Without making it. */
  known(group: string): GroupConfig | undefined {
    return this.groups.get(group);
  }

  all(): Iterable<GroupConfig> {
    return this.groups.values();
  }

  /** Called at once, also before it is stored. */
  onDelete(listener: DeleteListener): void {
    this.listeners.push(listener);
  }

  get dataVersion(): DataVersion {
    return this.version;
  }

  /** Creates the group or replaces its settings. Resolves when stored. @throws StoreError nothing has changed then */
  update(group: GroupConfig): Promise<void> {
    return told((stored) => this.put(group, stored));
  }

  /** Resolves when stored. A group nobody knows is as good as deleted. @throws StoreError it is as it was then */
  async delete(group: string): Promise<void> {
    const before = this.groups.get(group);
    if (!before) return;
    this.groups.delete(group);
    this.version = nextDataVersion(this.version, this.clock);
    const undoing = this.listeners.map((listener) => listener(group));
    try {
      await told((stored) => this.store.settings.delete('group', group, stored));
    } catch (error) {
      if (!this.groups.has(group)) this.groups.set(group, before);
      this.version = nextDataVersion(this.version, this.clock);
      for (const undo of undoing) undo?.();
      throw error;
    }
  }

  private autoCreate(group: string): GroupConfig | undefined {
    const allowed = this.config.autoCreateSubscriptionGroup || isSystemGroup(group);
    if (!allowed || !isLegalGroup(group)) return undefined;
    const created = subscriptionGroupConfig(group);
    this.log.info('consumer group created by its first use', { group });
    this.put(created, (error) => {
      if (error) this.log.warn('a consumer group could not be stored', { group, error: error.message });
    });
    return created;
  }

  private put(group: GroupConfig, stored: (error?: StoreError) => void): void {
    const name = group.groupName;
    const before = this.groups.get(name);
    this.store.settings.put('group', name, JSON.stringify(group), (error) => {
      if (error && this.groups.get(name) === group) {
        if (before) this.groups.set(name, before);
        else this.groups.delete(name);
      }
      stored(error);
    });
    this.groups.set(name, group);
    this.version = nextDataVersion(this.version, this.clock);
  }
}
