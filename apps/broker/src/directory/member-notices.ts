import { notifyConsumerIdsChanged, type Cancel, type Clock, type Connection } from '@halfmq/remoting';

/** Members of a group up to which each hears of every change at once. */
const FEW = 64;
/**
 * How long a larger group rests after its members have heard, ms for each of them: 10,000 notices a second. Five thousand
 * that come and go one by one would be told of it twelve million times.
 */
const REST_MS = 0.1;

interface Rest {
  /** something has changed meanwhile */
  changed: boolean;
  readonly cancel: Cancel;
}

/** NOTIFY_CONSUMER_IDS_CHANGED: tells the members of a group that something of it has changed, and they share out anew. */
export class MemberNotices {
  private readonly resting = new Map<string, Rest>();
  private stopped = false;

  constructor(
    private readonly clock: Clock,
    /** who is to hear of a change */
    private readonly members: (group: string) => readonly Connection[],
  ) {}

  changed(group: string): void {
    if (this.stopped) return;
    const rest = this.resting.get(group);
    if (rest) rest.changed = true;
    else this.tell(group);
  }

  /** All of them are about to go: nobody hears of that. */
  stop(): void {
    this.stopped = true;
    for (const { cancel } of this.resting.values()) cancel();
    this.resting.clear();
  }

  private tell(group: string): void {
    const members = this.members(group);
    for (const connection of members) connection.oneWay(notifyConsumerIdsChanged, { consumerGroup: group });
    if (members.length <= FEW) return;
    const cancel = this.clock.after(members.length * REST_MS, () => {
      this.resting.delete(group);
      if (rest.changed) this.tell(group);
    });
    const rest: Rest = { changed: false, cancel };
    this.resting.set(group, rest);
  }
}
