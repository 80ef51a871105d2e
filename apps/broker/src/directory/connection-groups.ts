import type { Connection } from '@halfmq/remoting';

/** Which groups a connection is in: when it ends, they are found without a look at all there are. */
export class ConnectionGroups {
  private readonly byConnection = new WeakMap<Connection, Set<string>>();

  add(connection: Connection, group: string): void {
    const groups = this.byConnection.get(connection);
    if (groups) groups.add(group);
    else this.byConnection.set(connection, new Set([group]));
  }

  /** @returns false: it is in none any more */
  remove(connection: Connection, group: string): boolean {
    const groups = this.byConnection.get(connection);
    groups?.delete(group);
    return groups !== undefined && groups.size > 0;
  }

  of(connection: Connection): string[] {
    return [...(this.byConnection.get(connection) ?? [])];
  }
}
