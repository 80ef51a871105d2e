/** One handling of one message of a key: its number counts the key's messages from 1 in the order they were sent. */
export interface Handling {
  readonly key: string;
  readonly number: number;
  readonly member: string;
}

/**
 * Watches consumers in order, whatever happens to them. Per key:
 *
 *   nothing is passed over      a message begins only when the one before it was done
 *   what comes again, comes in order    a handling is of the message after the last one begun, or of an earlier one
 *   one at a time               none begins while one has begun and not ended, unless that one's member is dead
 */
export class OrderCheck {
  /** what is wrong, a line each */
  readonly complaints: string[] = [];
  private readonly done = new Map<string, number>();
  private readonly last = new Map<string, number>();
  private readonly running = new Map<string, Set<Handling>>();

  /** @returns to be called when it has ended: whether it succeeded */
  begins(handling: Handling): (succeeded: boolean) => void {
    const { key, number } = handling;
    const done = this.done.get(key) ?? 0;
    const last = this.last.get(key) ?? 0;
    if (number > done + 1) this.complain(handling, `${done} is the last one done`);
    else if (number > last + 1) this.complain(handling, `the last one begun is ${last}`);
    const others = this.running.get(key) ?? new Set();
    for (const other of others) this.complain(handling, `${other.member} handles ${other.number}`);
    this.running.set(key, others.add(handling));
    this.last.set(key, number);
    return (succeeded) => {
      others.delete(handling);
      if (succeeded) this.done.set(key, Math.max(number, this.done.get(key) ?? 0));
    };
  }

  /** What it had begun has no end any more. */
  died(member: string): void {
    for (const handlings of this.running.values())
      for (const handling of handlings) if (handling.member === member) handlings.delete(handling);
  }

  /** Of each key: the messages done, from the first on. */
  doneOf(key: string): number {
    return this.done.get(key) ?? 0;
  }

  private complain({ key, number, member }: Handling, why: string): void {
    this.complaints.push(`${member} begins ${key} ${number}: ${why}`);
  }
}
