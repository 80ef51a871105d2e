import type { WorkQueue } from './work-queue.js';

/** Queues that are served in turn, so that a long one does not starve the others. */
export class InTurn {
  private queues: readonly WorkQueue[] = [];
  /** the place of the one whose turn is next */
  private turn = 0;

  add(queue: WorkQueue): void {
    this.queues = [...this.queues, queue];
  }

  remove(queue: WorkQueue): void {
    this.queues = this.queues.filter((one) => one !== queue);
  }

  /** @returns what the first one gives that gives something; its turn is over then */
  first<Given>(give: (queue: WorkQueue) => Given | undefined): Given | undefined {
    const { queues, turn } = this;
    for (let nth = 0; nth < queues.length; nth++) {
      const place = (turn + nth) % queues.length;
      const queue = queues[place];
      const given = queue && give(queue);
      if (given === undefined) continue;
      this.turn = place + 1;
      return given;
    }
    return undefined;
  }
}
