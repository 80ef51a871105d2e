import {
  createUniqueKey,
  formatProperties,
  parseProperties,
  PropertyName,
  StatusError,
  statusOfCode,
  SysFlag,
  decodeOffsetMessageId,
  type Clock,
} from '@halfmq/remoting';
import type { OtherBroker } from '../grpc/elsewhere/other-broker.js';
import type { ElsewhereDoor } from '../grpc/elsewhere/open-elsewhere.js';
import { verdictOn } from '../grpc/transaction-id.js';
import { ended } from '../produce/half.js';
import { plainHeader } from '../produce/plain-header.js';
import { ofTransaction, type NewTransaction, type PreparedMessage } from '../produce/prepare.js';
import { keysOf, shownMoment } from '../produce/shown-message.js';
import type { Actor } from '../transaction/operate.js';
import type { ShownHalf } from '../transaction/shown-transaction.js';
import type { Begun, Beginning } from '../transaction/transactions.http.js';
import type { Deciding, DecidedTransaction } from '../transaction/verdicts.http.js';
import { toSend } from './forwarded-messages.js';
import { formatPlaces, parsePlaces, type ForwardedHalf } from './half-places.js';
import { notHere } from './not-here.js';

/** their places are the transaction's id */
const MOST_MESSAGES = 32;

interface Placed {
  readonly half: ForwardedHalf;
  readonly broker: OtherBroker;
  readonly shown: ShownHalf;
  /** it is stored, and not as safely as the broker was told */
  readonly doubt: StatusError | undefined;
}

/** Transactions by HTTP, of brokers elsewhere. Nothing is kept: the id says where the half messages lie. */
export class ForwardedTransactions implements Beginning, Deciding {
  constructor(
    private readonly clock: Clock,
    private readonly elsewhere: Pick<ElsewhereDoor, 'others' | 'announcements'>,
  ) {}

  async begin(transaction: NewTransaction, isNamed: boolean): Promise<Begun> {
    if (isNamed) throw notHere('named');
    const { group, messages } = transaction;
    if (messages.length > MOST_MESSAGES)
      throw new StatusError(
        'INVALID_PARAMETER',
        `a proxy takes transactions of at most ${MOST_MESSAGES} messages, got ${messages.length}`,
      );
    const placed = await this.prepare(transaction);
    const id = formatPlaces({ group, halves: placed.map(({ half }) => half) });
    const begunAt = shownMoment(this.clock.now());
    const shown = placed.map((each) => each.shown);
    return { transaction: { id, group, state: 'pending', begunAt, checks: 0, messages: shown }, made: true };
  }

  /** All of them, or those that were stored are rolled back. */
  private async prepare(transaction: NewTransaction): Promise<Placed[]> {
    const placed: Placed[] = [];
    try {
      for (const message of transaction.messages) {
        const [before] = placed;
        const half = await this.half(transaction, message, before?.broker.name);
        placed.push(half);
        if (half.doubt) throw half.doubt;
      }
      return placed;
    } catch (error) {
      const undone = placed.map(({ half }) =>
        this.end(transaction.group, half, SysFlag.TRANSACTION_ROLLBACK),
      );
      // what cannot be rolled back now was never committed by anybody
      await Promise.allSettled(undone);
      throw error;
    } finally {
      const brokers = new Set(placed.map(({ broker }) => broker.address));
      const { announcements } = this.elsewhere;
      await Promise.all([...brokers].map((address) => announcements.notAsked(transaction.group, address)));
    }
  }

  /** @param before who has others of it: one broker decides its part at once */
  private async half(
    transaction: NewTransaction,
    { topic, body, properties: sent, shardingKey }: PreparedMessage,
    before: string | undefined,
  ): Promise<Placed> {
    const { broker, queueId } = await toSend(this.elsewhere.others, topic, shardingKey, before);
    const uniqueKey = createUniqueKey(this.clock);
    const named = formatProperties([[PropertyName.UNIQ_KEY, uniqueKey]]);
    const properties = ended(sent) + ofTransaction(transaction) + named;
    const bornTimestamp = this.clock.now();
    const sysFlag = SysFlag.TRANSACTION_PREPARED;
    const header = plainHeader({
      producerGroup: transaction.group,
      topic,
      bornTimestamp,
      sysFlag,
      properties,
    });
    const { code, remark, msgId, queueOffset } = await broker.put({ ...header, queueId }, body);
    const status = statusOfCode(code);
    const doubt = status === 'OK' ? undefined : new StatusError(status, remark);
    const physicalOffset = decodeOffsetMessageId(msgId)?.physicalOffset ?? 0;
    const place = { halfOffset: queueOffset, physicalOffset, brokerName: broker.name, uniqueKey };
    const given = parseProperties(sent);
    const [keys, tag] = [keysOf(given), given.get(PropertyName.TAGS)];
    const shown = { messageId: uniqueKey, offsetMessageId: msgId, topic, keys, tag };
    return { half: { topic, place }, broker, shown, doubt };
  }

  async decide(
    id: string,
    named: string | undefined,
    kind: 'commit' | 'rollback',
    { operator }: Actor,
  ): Promise<DecidedTransaction> {
    if (operator !== undefined) throw notHere('inDoubt');
    const { group, halves } = this.placesIn(id, named);
    const resolution = kind === 'commit' ? SysFlag.TRANSACTION_COMMIT : SysFlag.TRANSACTION_ROLLBACK;
    const [first, ...others] = halves;
    // of what was decided otherwise before, nothing more is decided
    await this.end(group, first, resolution);
    await Promise.all(others.map((half) => this.end(group, half, resolution)));
    return { id, group, state: kind === 'commit' ? 'committed' : 'rolledBack' };
  }

  private placesIn(id: string, named: string | undefined) {
    const places = parsePlaces(id);
    if (places && (named === undefined || named === places.group)) return places;
    throw new StatusError(
      'TRANSACTION_UNKNOWN_HALF',
      'no id that a proxy has answered POST /v1/transactions with: others are known to the brokers alone',
    );
  }

  private async end(group: string, { topic, place }: ForwardedHalf, commitOrRollback: number): Promise<void> {
    const broker = await this.elsewhere.others.named(place.brokerName, topic);
    const said = { topic, producerGroup: group, commitOrRollback, fromTransactionCheck: false };
    await broker.endTransaction(verdictOn(place, said));
  }
}
