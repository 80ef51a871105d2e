import { StatusError, type Cancel, type Clock } from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import type { BrokerConfig } from '../../config/resolve-config.js';
import { liteGroupOf, liteNameOf, partsOfLite, type LiteGroup } from '../../directory/lite-names.js';
import type { Groups } from '../../directory/groups.js';
import { sleepMs } from '../../sleep.js';
import type { HeldPops } from './held-pops.js';
import type { PopMemory } from './pop-memory.js';

/** Who subscribes. */
export interface LiteMember {
  readonly clientId: string;
  /** A lite topic is another's from now on. */
  unsubscribed(liteTopic: string): void;
  /** Called once, when it is gone. */
  onClose(listener: () => void): void;
}

/** Where the group goes on in a lite topic; `back`: so many before where it is. */
export type LiteStart =
  | { readonly at: 'first' | 'end' }
  | { readonly offset: number }
  | { readonly back: number }
  | { readonly time: number };

/** What a member says of the lite topics it wants. */
export interface LiteSubscription {
  readonly group: string;
  readonly topic: string;
  /** one more, one less; this and nothing else; none */
  readonly action: 'PARTIAL_ADD' | 'PARTIAL_REMOVE' | 'COMPLETE_ADD' | 'COMPLETE_REMOVE';
  readonly liteTopics: readonly string[];
  /** with PARTIAL_ADD; undefined: where it was */
  readonly start?: LiteStart | undefined;
}

/** A member, and what it wants. */
export interface LiteReader {
  readonly member: LiteMember;
  readonly group: string;
  readonly topic: string;
  /** names of lite topics */
  readonly wanted: Set<string>;
  /** those of them that may have something for it: all others are not looked at */
  readonly ready: Set<string>;
  /** what the last attempt was given, which asks again when its answer was lost */
  attempt: { readonly id: string; readonly names: readonly string[] } | undefined;
}

/** As whom a member is held (HeldPops): each waits for lite topics of its own. */
export const heldAs = (group: string, clientId: string): string => `${group} ${clientId}`;

/**
 * Who reads which lite topics, in memory: clients say it anew every 30 s. A message wakes those who want its lite topic, by
 * a look-up, however many lite topics there are.
 */
export class LiteSubscriptions {
  private readonly readers = new Map<string, LiteReader>();
  /** name of a lite topic → group → who wants it; one alone where the group is exclusive */
  private readonly wanting = new Map<string, Map<string, Set<LiteReader>>>();
  /** lite topic and group → when what is out of it may be handed out again */
  private readonly due = new Map<string, { readonly at: number; readonly cancel: Cancel }>();
  private count = 0;
  private stopListening: Cancel = () => undefined;

  constructor(
    private readonly config: Pick<BrokerConfig, 'maxLiteSubscriptionCount'>,
    private readonly clock: Clock,
    private readonly store: Pick<
      MessageStore,
      'onArrival' | 'offsets' | 'minOffset' | 'maxOffset' | 'offsetByTime'
    >,
    private readonly groups: Groups,
    private readonly memory: PopMemory,
    private readonly held: HeldPops,
  ) {}

  start(): void {
    this.stopListening = this.store.onArrival(({ topic }) => {
      for (const group of this.wanting.get(topic)?.keys() ?? []) this.look(topic, group);
    });
  }

  stop(): void {
    this.stopListening();
    for (const { cancel } of this.due.values()) cancel();
    this.due.clear();
  }

  find(clientId: string): LiteReader | undefined {
    return this.readers.get(clientId);
  }

  /** @throws StatusError LITE_SUBSCRIPTION_QUOTA_EXCEEDED: what it wants is as it was */
  say({ group, topic, action, liteTopics, start }: LiteSubscription, member: LiteMember): void {
    if (action === 'COMPLETE_REMOVE') return this.forget(member.clientId);
    const settings = liteGroupOf(this.groups.find(group) ?? { attributes: {} });
    const reader = this.readerOf(member, group, topic);
    const names = liteTopics.map((liteTopic) => liteNameOf(topic, liteTopic));
    if (action === 'PARTIAL_REMOVE') {
      for (const name of names)
        if (this.remove(reader, name) && settings.anewWhenLeft) this.anew(group, name);
      return;
    }
    const isComplete = action === 'COMPLETE_ADD';
    this.refuseMore(reader, names, isComplete, settings);
    if (isComplete) {
      const all = new Set(names);
      for (const name of reader.wanted) if (!all.has(name)) this.remove(reader, name);
    }
    for (const name of names) {
      if (settings.exclusive && !this.claimed(reader, name, isComplete, settings)) continue;
      if (start) this.restart(group, name, start);
      this.add(reader, name);
    }
    this.wake(reader);
  }

  private readerOf(member: LiteMember, group: string, topic: string): LiteReader {
    const { clientId } = member;
    const known = this.readers.get(clientId);
    if (known?.group === group && known.topic === topic) return known;
    this.forget(clientId);
    const reader: LiteReader = {
      member,
      group,
      topic,
      wanted: new Set(),
      ready: new Set(),
      attempt: undefined,
    };
    this.readers.set(clientId, reader);
    member.onClose(() => {
      if (this.readers.get(clientId) === reader) this.forget(clientId);
    });
    return reader;
  }

  private refuseMore(
    { wanted }: LiteReader,
    names: readonly string[],
    isComplete: boolean,
    { quota }: LiteGroup,
  ): void {
    const after = isComplete ? new Set(names) : new Set([...wanted, ...names]);
    const { maxLiteSubscriptionCount: most } = this.config;
    const all = this.count + after.size - wanted.size;
    if (after.size <= quota && (all <= most || after.size <= wanted.size)) return;
    throw new StatusError(
      'LITE_SUBSCRIPTION_QUOTA_EXCEEDED',
      after.size > quota
        ? `at most ${quota} lite topics a client (lite.sub.client.quota), got ${after.size}`
        : `at most ${most} subscriptions to lite topics (maxLiteSubscriptionCount), got ${all}`,
    );
  }

  /**
   * Who subscribes takes it over; who only repeats what it wants does not, and is told again that it is another's.
   * @returns whether it is the reader's
   */
  private claimed(
    reader: LiteReader,
    name: string,
    isRepeated: boolean,
    { anewWhenTaken }: LiteGroup,
  ): boolean {
    for (const other of this.wanting.get(name)?.get(reader.group) ?? []) {
      if (other === reader) continue;
      const loser = isRepeated ? reader : other;
      this.remove(loser, name);
      loser.member.unsubscribed(partsOfLite(name)?.liteTopic ?? '');
      if (isRepeated) return false;
      if (anewWhenTaken) this.anew(reader.group, name);
    }
    return true;
  }

  private add(reader: LiteReader, name: string): void {
    if (reader.wanted.has(name)) return;
    reader.wanted.add(name);
    reader.ready.add(name);
    let groups = this.wanting.get(name);
    if (!groups) this.wanting.set(name, (groups = new Map<string, Set<LiteReader>>()));
    const readers = groups.get(reader.group);
    if (readers) readers.add(reader);
    else groups.set(reader.group, new Set([reader]));
    this.count++;
  }

  private remove(reader: LiteReader, name: string): boolean {
    if (!reader.wanted.delete(name)) return false;
    reader.ready.delete(name);
    this.count--;
    const groups = this.wanting.get(name);
    const readers = groups?.get(reader.group);
    readers?.delete(reader);
    if (readers?.size === 0) groups?.delete(reader.group);
    if (groups?.size === 0) this.wanting.delete(name);
    return true;
  }

  private forget(clientId: string): void {
    const reader = this.readers.get(clientId);
    if (!reader) return;
    this.readers.delete(clientId);
    for (const name of reader.wanted) this.remove(reader, name);
  }

  private anew(group: string, name: string): void {
    this.restart(group, name, { at: 'first' });
  }

  /** Never before the oldest message, never behind the end. What is out of it is handed out once more. */
  private restart(group: string, name: string, start: LiteStart): void {
    const [first, end] = [this.store.minOffset(name, 0), this.store.maxOffset(name, 0)];
    const before = this.store.offsets.query(group, name, 0);
    const asked = offsetOf(start, { first, end, before }, (time) =>
      this.store.offsetByTime(name, 0, time, 'LOWER'),
    );
    if (asked === undefined || asked === before) return;
    this.memory.ordered.free({ group, topic: name, queueId: 0 });
    this.store.offsets.commit(group, name, 0, Math.min(Math.max(asked, first), end));
    this.look(name, group);
  }

  /** A lite topic may have something for the group now. */
  look(name: string, group: string): void {
    for (const reader of this.wanting.get(name)?.get(group) ?? []) {
      reader.ready.add(name);
      this.wake(reader);
    }
  }

  /** Something of it is out until then: who looks sooner finds that it still is, and comes back here. */
  lookAt(name: string, group: string, at: number): void {
    const key = `${group} ${name}`;
    const known = this.due.get(key);
    if (known?.at === at) return;
    known?.cancel();
    const cancel = this.clock.after(sleepMs(at - this.clock.now()), () => {
      this.due.delete(key);
      this.look(name, group);
    });
    this.due.set(key, { at, cancel });
  }

  private wake({ topic, group, member }: LiteReader): void {
    this.held.look(topic, heldAs(group, member.clientId));
  }
}

interface Reading {
  readonly first: number;
  readonly end: number;
  readonly before: number | undefined;
}

/** Undefined: where it was. */
function offsetOf(
  start: LiteStart,
  { first, end, before }: Reading,
  byTime: (time: number) => number,
): number | undefined {
  if ('at' in start) return start.at === 'first' ? first : end;
  if ('offset' in start) return start.offset;
  if ('time' in start) return byTime(start.time);
  return before === undefined ? undefined : before - start.back;
}
