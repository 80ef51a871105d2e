/** Queues that are served in turn, so that a long one does not starve the others. */
export class InTurn<Queue> {
  private queues: readonly Queue[] = [];
  /** the place of the one whose turn is next */
  private turn = 0;

  add(queue: Queue): void {
    this.queues = [...this.queues, queue];
  }

  remove(queue: Queue): void {
    this.queues = this.queues.filter((one) => one !== queue);
  }

  /** @returns what the first one gives that gives something; its turn is over then */
  first<Given>(give: (queue: Queue) => Given | undefined): Given | undefined {
    const { queues, turn } = this;
    for (let nth = 0; nth < queues.length; nth++) {
      const place = (turn + nth) % queues.length;
      const queue = queues[place];
      const given = queue === undefined ? undefined : give(queue);
      if (given === undefined) continue;
      this.turn = place + 1;
      return given;
    }
    return undefined;
  }
}
