import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { formatProperties, RecordView } from '@halfmq/remoting/record';
import { done, message, plain, readAll, store, StoreFixture } from '../fixture.js';
import type { HalfMessage, MessageStore, PlainFinal, PlainHalf, Verdict } from '../message-store.js';
import { HALF_TOPIC, OP_TOPIC } from '../system-topics.js';

const SENT = formatProperties([
  ['UNIQ_KEY', 'k'],
  ['PGROUP', 'orders'],
]);
const PROPERTIES = `${SENT}REAL_TOPIC\u0001placed\u0002REAL_QID\u00013\u0002`;
const IMMUNITY = 'CHECK_IMMUNITY_TIME_IN_SECONDS\u00019\u0002';

describe('half messages and verdicts as bytes', () => {
  let fixture: StoreFixture;
  let opened: MessageStore;
  beforeEach(async () => {
    fixture = new StoreFixture();
    const firstCheckAfterMs = (properties: string): number => (properties.includes(IMMUNITY) ? 9000 : 6000);
    opened = await fixture.open({ firstCheckAfterMs });
  });
  afterEach(() => fixture.end());

  function plainHalf(body: string, more: Partial<PlainHalf> = {}): PlainHalf {
    const propertyBytes = Buffer.from(PROPERTIES);
    const propertyLength = propertyBytes.length;
    const sent = plain(HALF_TOPIC, body, { propertyBytes, propertyLength });
    return { ...sent, producerGroup: 'orders', realTopic: 'placed', transaction: '', ...more };
  }

  async function both(body: string): Promise<readonly [HalfMessage, HalfMessage]> {
    await store(opened, message(HALF_TOPIC, body, { properties: PROPERTIES }));
    await done((stored) => void opened.appendHalf(plainHalf(body), stored));
    const [one, other] = opened.halves.undecided(2);
    if (!one || !other) throw new Error('two halves expected');
    return [one, other];
  }

  const shown = ({ producerGroup, topic, uniqueKey, ...half }: HalfMessage): object => ({
    producerGroup,
    topic,
    uniqueKey,
    checking: [half.state, half.checks, half.storeTimestamp, half.nextCheckAt],
  });

  const view = new RecordView();
  function finalOf({ physicalOffset, halfOffset }: HalfMessage): PlainFinal {
    expect(opened.viewAt(view, physicalOffset, halfOffset)).toBe(true);
    const place = { topic: 'placed', queueId: 3, sysFlag: 8, preparedTransactionOffset: physicalOffset };
    return { half: view, ...place, propertyLength: SENT.length, tagsCode: 0 };
  }

  const verdict = (kind: Verdict['kind']): Verdict => ({ kind, by: 'producer', at: fixture.clock.now() });

  it('a plain half message enters the ledger as its text would, also when the log is applied again', async () => {
    const halves = await both('half');
    await done((stored) => void opened.appendHalf(plainHalf('later', { transaction: IMMUNITY }), stored));
    expect(shown(halves[1])).toEqual(shown(halves[0]));
    const now = fixture.clock.now();
    expect(opened.halves.undecided(9).map(({ nextCheckAt }) => nextCheckAt - now)).toEqual([
      6000, 6000, 9000,
    ]);
    expect(opened.halves.due(now + 6000, 9)).toHaveLength(2);
    await opened.close();
    opened = await fixture.open();
    expect(opened.halves.pending).toBe(3);
    expect(opened.halves.undecided(9).map(({ uniqueKey }) => uniqueKey)).toEqual(['k', 'k', 'k']);
  });

  it('decides with the records that texts would make, and for good', async () => {
    const [one, other] = await both('half');
    const commit = verdict('commit');
    const text = { queueId: 3, sysFlag: 8, preparedTransactionOffset: one.physicalOffset, properties: SENT };
    await done(
      (stored) =>
        void opened.halves.decide(one.halfOffset, commit, () => message('placed', 'half', text), stored),
    );
    await done((stored) => {
      expect(opened.halves.decidePlain(other, commit, finalOf(other), stored)).toBe(true);
    });
    const [first, second] = readAll(opened, 'placed', 3);
    const { queueOffset, physicalOffset, preparedTransactionOffset } = second ?? {};
    expect({ ...first, queueOffset, physicalOffset, preparedTransactionOffset }).toEqual(second);
    expect(preparedTransactionOffset).toBe(other.physicalOffset);
    const [said, again] = readAll(opened, OP_TOPIC);
    expect([said?.body.toString(), again?.body.toString()]).toEqual(['0,', '1,']);
    expect(again).toMatchObject({ properties: said?.properties, bornTimestamp: said?.bornTimestamp });
    await opened.close();
    opened = await fixture.open();
    for (const half of [one, other]) expect(opened.halves.find(half.halfOffset)).toEqual({ verdict: commit });
  });

  it('leaves to texts what was checked, parked or decided before', async () => {
    const [one, other] = await both('half');
    opened.halves.checked(one.halfOffset, fixture.clock.now() + 1);
    await done(
      (stored) => void opened.halves.park(other.halfOffset, () => message('parked', 'copy'), stored),
    );
    const end = opened.maxPhysicalOffset;
    const never = (): void => {
      throw new Error('nothing was placed');
    };
    for (const half of [one, other])
      expect(opened.halves.decidePlain(half, verdict('rollback'), undefined, never)).toBe(false);
    await done((stored) => void opened.halves.decide(one.halfOffset, verdict('rollback'), undefined, stored));
    expect(opened.halves.decidePlain(one, verdict('rollback'), undefined, never)).toBe(false);
    expect(opened.maxPhysicalOffset).toBeGreaterThan(end);
    expect(opened.halves.pending + opened.halves.parked).toBe(1);
  });

  it('leaves to texts what is not alone in its transaction, and takes what is', async () => {
    const transaction = 'HALFMQ_TX\u0001tx-1\u0002';
    const propertyBytes = Buffer.from(
      `${SENT}${transaction}REAL_TOPIC\u0001placed\u0002REAL_QID\u00013\u0002`,
    );
    const more = { transaction, propertyBytes, propertyLength: propertyBytes.length };
    for (const body of ['one', 'other'])
      await done((stored) => void opened.appendHalf(plainHalf(body, more), stored));
    const halves = opened.halves.group('orders', 'tx-1');
    expect(halves).toHaveLength(2);
    const [first] = halves;
    if (!first) throw new Error('no half');
    expect(opened.halves.decidePlain(first, verdict('rollback'), undefined, () => undefined)).toBe(false);
    await done(
      (stored) => void opened.halves.decide(first.halfOffset, verdict('rollback'), undefined, stored),
    );
    await done((stored) => void opened.appendHalf(plainHalf('late', more), stored));
    const [late] = opened.halves.group('orders', 'tx-1');
    if (!late) throw new Error('no half');
    await done((stored) => {
      expect(opened.halves.decidePlain(late, verdict('rollback'), undefined, stored)).toBe(true);
    });
    expect(opened.halves.group('orders', 'tx-1')).toEqual([]);
    const illegal = { ...more, transaction: 'HALFMQ_TX\u0001t x\u0002' };
    expect(() => opened.appendHalf(plainHalf('half', illegal), () => undefined)).toThrow('HALFMQ_TX must be');
  });

  it('shows no record where there is none, nor one of another offset', async () => {
    const [{ physicalOffset, halfOffset }] = await both('half');
    expect(opened.viewAt(view, physicalOffset, halfOffset)).toBe(true);
    expect(opened.viewAt(view, physicalOffset, halfOffset + 1)).toBe(false);
    expect(opened.viewAt(view, physicalOffset + 1, halfOffset)).toBe(false);
    expect(opened.viewAt(view, opened.maxPhysicalOffset, halfOffset)).toBe(false);
  });
});
