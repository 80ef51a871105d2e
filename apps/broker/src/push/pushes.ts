import { StatusError, type Log } from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import type { Receive } from '../consume/pop/receive.js';
import { filterOf } from '../consume/selection.js';
import type { Groups } from '../directory/groups.js';
import { told } from '../directory/told.js';
import type { PushSettings } from './push-settings.js';
import type { Pusher, PushTask } from './pusher.js';
import type { Pushers } from './pushers.js';

/** A group's push, and who does it. */
export interface Push {
  readonly group: string;
  readonly settings: PushSettings;
  readonly pusher: Pusher;
}

/** Which groups are pushed: one push a group, a document in the store's settings, gone when its group is. */
export class Pushes {
  private readonly pushes = new Map<string, Push>();
  /** changes come one after the other: what is stored last is what is done */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly log: Log,
    private readonly store: Pick<MessageStore, 'settings'>,
    private readonly groups: Groups,
    private readonly receives: Pick<Receive, 'filter'>,
    private readonly pushers: Pushers,
  ) {}

  start(): void {
    for (const [group, document] of this.store.settings.all('push'))
      this.begin(group, JSON.parse(document) as PushSettings);
    this.groups.onDelete((group) => this.groupIsGone(group));
  }

  /** What is under way is answered, 10 s at most. */
  async stop(): Promise<void> {
    await Promise.all([...this.pushes.values()].map(({ pusher }) => pusher.stop()));
  }

  /** By name, those after `after`. */
  list(limit: number, after = ''): Push[] {
    const groups = [...this.pushes.keys()].filter((group) => group > after).toSorted();
    return groups.slice(0, limit).flatMap((group) => this.pushes.get(group) ?? []);
  }

  /**
   * One push a group: it takes the place of an earlier one, and stays paused when that was. Resolves when it is stored.
   * @throws StatusError where the group could not receive, StoreError: nothing has changed then
   */
  put(group: string, settings: Omit<PushSettings, 'paused'>): Promise<{ push: Push; made: boolean }> {
    return this.inTurn(async () => {
      // refused now rather than by every attempt
      this.receives.filter({ group, topic: settings.topic, most: 1, invisibleMs: 0, ...filterOf(settings) });
      const before = this.pushes.get(group);
      const whole = { ...settings, paused: before?.settings.paused ?? false };
      await this.keep(group, whole);
      // what it has under way is answered, while the new one begins
      if (before) this.end(before);
      return { push: this.begin(group, whole), made: !before };
    });
  }

  /** Resolves when it is stored. @throws StoreError, StatusError QUERY_NOT_FOUND */
  pause(group: string, paused: boolean): Promise<Push> {
    return this.inTurn(async () => {
      const push = this.must(group);
      const changed = { ...push, settings: { ...push.settings, paused } };
      await this.keep(group, changed.settings);
      push.pusher.pause(paused);
      if (this.pushes.get(group) === push) this.pushes.set(group, changed);
      return changed;
    });
  }

  /** Resolves when it is stored. @throws StoreError, StatusError QUERY_NOT_FOUND */
  delete(group: string): Promise<void> {
    return this.inTurn(async () => {
      this.must(group);
      await told((stored) => this.store.settings.delete('push', group, stored));
      const push = this.pushes.get(group);
      if (push) this.end(push);
    });
  }

  /** @throws StatusError QUERY_NOT_FOUND */
  must(group: string): Push {
    const push = this.pushes.get(group);
    if (push) return push;
    throw new StatusError('QUERY_NOT_FOUND', `nothing is pushed for group ${group}`);
  }

  private inTurn<T>(change: () => Promise<T>): Promise<T> {
    const own = this.last.then(change);
    this.last = own.catch(() => undefined);
    return own;
  }

  private keep(group: string, settings: PushSettings): Promise<void> {
    return told((stored) => this.store.settings.put('push', group, JSON.stringify(settings), stored));
  }

  private begin(group: string, settings: PushSettings): Push {
    const push = { group, settings, pusher: this.pushers.start(taskOf(group, settings), settings.paused) };
    this.pushes.set(group, push);
    return push;
  }

  private end({ group, pusher }: Push): void {
    if (this.pushes.get(group)?.pusher === pusher) this.pushes.delete(group);
    void pusher.stop();
  }

  /** @returns how it goes on, when the group is not deleted after all */
  private groupIsGone(group: string): (() => void) | undefined {
    const push = this.pushes.get(group);
    if (!push) return undefined;
    this.end(push);
    this.store.settings.delete('push', group, (error) => {
      if (error)
        this.log.warn('the push of a deleted group could not be deleted', { group, error: error.message });
    });
    return () => {
      if (this.pushes.has(group)) return;
      const { settings } = this.begin(group, push.settings);
      this.store.settings.put('push', group, JSON.stringify(settings), (error) => {
        if (error)
          this.log.warn('the push of a group could not be stored again', { group, error: error.message });
      });
    };
  }
}

/** Of two groups with the same address each finds out by itself; another address begins well. */
export function endpointOf(group: string, { backurl }: Pick<PushSettings, 'backurl'>): string {
  return `${group} ${backurl}`;
}

function taskOf(group: string, settings: PushSettings): PushTask {
  const { topic, backurl, ordered, secrets, concurrency, rateLimit } = settings;
  const target = { url: new URL(backurl), endpoint: endpointOf(group, settings), secrets, group };
  return {
    group,
    topic,
    ordered,
    ...filterOf(settings),
    concurrency,
    rateLimit,
    targetOf: () => target,
    endpoint: target.endpoint,
  };
}
