import { describe, expect, it } from '@jest/globals';
import { tagSubscription, type ConsumerData, type RequestContext } from '@halfmq/remoting';
import { Consumers } from './consumers.js';

const DATA: ConsumerData = {
  groupName: 'g',
  consumeType: 'CONSUME_PASSIVELY',
  messageModel: 'CLUSTERING',
  consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
  subscriptionDataSet: [tagSubscription('t', '*', 1)],
  unitMode: false,
};

const peer = (): RequestContext['peer'] => ({}) as RequestContext['peer'];

describe('the members of a group', () => {
  it('are listed once each, by one list until somebody comes, leaves or has another name', () => {
    const consumers = new Consumers();
    const [first, second, again] = [peer(), peer(), peer()];
    const beat = (clientId: string, connection: RequestContext['peer']): readonly string[] => {
      const client = { clientId, fingerprint: 0, withoutSub: false };
      consumers.register(DATA, client, { peer: connection } as RequestContext, 0);
      return consumers.memberIds('g');
    };
    expect(consumers.memberIds('g')).toEqual([]);
    expect(beat('b', first)).toEqual(['b']);
    const both = beat('a', second);
    expect(both).toEqual(['a', 'b']);
    expect(beat('a', second)).toBe(both);
    expect(beat('a', again)).toEqual(['a', 'b']);
    expect(beat('c', first)).toEqual(['a', 'c']);
    expect(consumers.removeConnection(second)).toEqual(['g']);
    expect(consumers.memberIds('g')).toEqual(['a', 'c']);
    consumers.remove('g', again);
    expect(consumers.memberIds('g')).toEqual(['c']);
  });
});
