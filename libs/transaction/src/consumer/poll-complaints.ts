import { RemotingError, type Log, type MessageQueue } from '@halfmq/remoting';
import { Complaints } from '../complaints.js';
import { BrokerUnreachable, NoRoute } from '../errors.js';
import { queueKey } from '../routes/topic-route.js';

/**
 * Warns of polls that fail, once until it was well in between: of a broker that is away once for all its queues, of what one
 * queue is refused for that queue, which another one that is served does not make well.
 */
export class PollComplaints {
  private readonly complaints: Complaints;

  constructor(
    log: Log,
    private readonly group: string,
  ) {
    this.complaints = new Complaints(log);
  }

  failed(way: 'pull' | 'pop', queue: MessageQueue, error: unknown): void {
    const { brokerName } = queue;
    const about = isAway(error) ? brokerName : queueKey(queue);
    this.complaints.warn(about, `${way} from ${brokerName} failed`, { ...queue, group: this.group, error });
  }

  answered(queue: MessageQueue): void {
    this.complaints.settled(queue.brokerName);
    this.complaints.settled(queueKey(queue));
  }
}

/** Whether it is nothing of the queue. */
function isAway(error: unknown): boolean {
  if (error instanceof RemotingError) return error.kind === 'closed';
  return error instanceof BrokerUnreachable || error instanceof NoRoute;
}
