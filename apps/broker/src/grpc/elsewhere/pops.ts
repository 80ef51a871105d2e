import {
  EXPRESSION_TAG,
  matchesTag,
  parseTagExpression,
  popMessage,
  popMessageResponse,
  poppedRecords,
  propertyOf,
  PropertyName,
  ResponseCode,
  STATUS,
  type Command,
  type PopMessageHeader,
} from '@halfmq/remoting';
import type { ReceivedMessage, ReceiveRequest } from '../../consume/pop/receive.js';
import { topicOfReceipt } from '../../consume/pop/receipts.js';
import type { Broker } from '../brokers.js';
import { refused, type Question } from './wire.js';

/** for an answer, over the time a pop may be held */
const PATIENCE_MS = 5_000;
/** what nobody waits for any more is there again so soon */
const RETURNED_AFTER_MS = 1_000;
/** RocketMQ's initMode: where a queue begins of which nobody has an offset */
const InitMode = { first: 0, last: 1 } as const;
const NOTHING: ReadonlySet<number> = new Set([STATUS.PULL_NOT_FOUND.code, STATUS.POLLING_TIMEOUT.code]);

type Keeper = Pick<Broker, 'name' | 'group' | 'done' | 'change' | 'bury'>;

/**
 * Receives from a broker that is elsewhere, which hands out and holds. What it does not look at is looked at here: tags, of
 * which it compares numbers, and attempts, of which it counts and buries nothing.
 */
export class Pops {
  constructor(
    private readonly broker: Keeper,
    private readonly ask: (question: Question<PopMessageHeader>) => Promise<Command>,
  ) {}

  async receive(request: ReceiveRequest, gone: AbortSignal): Promise<readonly ReceivedMessage[]> {
    let { waitMs } = request;
    while (!gone.aborted) {
      const all = await this.popped(request, waitMs, gone);
      const left = await this.kept(request, all);
      // others may be behind those that nobody wants
      if (left.length > 0 || all.length === 0) return left;
      waitMs = 0;
    }
    return [];
  }

  private async popped(
    request: ReceiveRequest,
    waitMs: number,
    gone: AbortSignal,
  ): Promise<ReceivedMessage[]> {
    const answer = this.ask({
      spec: popMessage,
      header: this.header(request, waitMs),
      timeoutMs: waitMs + PATIENCE_MS,
    });
    let isLate = false;
    const messages = answer.then((command) => this.messages(request, command));
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        isLate = true;
        resolve([]);
      };
      gone.addEventListener('abort', leave, { once: true });
      messages
        .then((found) => (isLate ? this.giveBack(request.group, found) : resolve(found)))
        .catch(reject)
        .finally(() => gone.removeEventListener('abort', leave));
    });
  }

  private header(request: ReceiveRequest, pollTime: number): PopMessageHeader {
    const { group: consumerGroup, topic, queueId = -1, most: maxMsgNums, ordered, attemptId } = request;
    return {
      consumerGroup,
      topic,
      queueId,
      maxMsgNums,
      invisibleTime: request.invisibleMs,
      pollTime,
      // the broker's own clock: with one here that is slow every pop would be answered with nothing
      bornTime: 0,
      initMode: InitMode[request.from ?? 'first'],
      expType: request.expressionType,
      exp: request.expression,
      order: ordered,
      attemptId,
      bname: this.broker.name,
    };
  }

  /** @throws StatusError as a pop is refused */
  private messages({ group, topic }: ReceiveRequest, answer: Command): ReceivedMessage[] {
    if (NOTHING.has(answer.code)) return [];
    if (answer.code !== ResponseCode.SUCCESS) throw refused(answer);
    const header = popMessageResponse.decode(answer.extFields ?? {});
    return poppedRecords(header, answer.body, this.broker.name).map(
      ({ record, receipt, deliveredBefore }) => ({
        record: { ...record, topic },
        receipt,
        liesIn: topicOfReceipt(group, topic, receipt),
        attempt: 1 + deliveredBefore,
      }),
    );
  }

  private async kept(
    { group, expression, expressionType }: ReceiveRequest,
    all: readonly ReceivedMessage[],
  ): Promise<ReceivedMessage[]> {
    if (all.length === 0) return [];
    const most = 1 + ((await this.broker.group(group))?.retryMaxTimes ?? 0);
    const tags = parseTagExpression(expressionType === EXPRESSION_TAG ? expression : '*');
    const kept: ReceivedMessage[] = [];
    for (const message of all) {
      const { record, receipt, liesIn, attempt } = message;
      if (!matchesTag(tags, propertyOf(record.properties, PropertyName.TAGS)))
        await this.broker.done({ group, topic: liesIn, receipt });
      else if (attempt > most) await this.broker.bury(group, message);
      else kept.push(message);
    }
    return kept;
  }

  /** Nobody waits for this either: what cannot be given back comes again when its time is over. */
  private async giveBack(group: string, messages: readonly ReceivedMessage[]): Promise<void> {
    const all = messages.map(async ({ liesIn: topic, receipt }) =>
      this.broker.change({ group, topic, receipt }, RETURNED_AFTER_MS),
    );
    await Promise.allSettled(all);
  }
}
