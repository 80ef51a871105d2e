import { describe, expect, it } from '@jest/globals';
import type { RequestContext } from '@halfmq/remoting';
import { Producers } from './producers.js';

const peer = (): RequestContext['peer'] => ({}) as RequestContext['peer'];

describe('live producers', () => {
  const beat = (producers: Producers, group: string, clientId: string, connection: RequestContext['peer']) =>
    producers.register(group, clientId, undefined, { peer: connection } as RequestContext, 0);

  it('are found by their client id until they have left their last group', () => {
    const [producers, connection] = [new Producers(), peer()];
    beat(producers, 'a', 'client', connection);
    beat(producers, 'b', 'client', connection);
    producers.remove('a', connection);
    expect(producers.connectionOf('client')).toBe(connection);
    producers.remove('b', connection);
    expect([producers.connectionOf('client'), [...producers.names]]).toEqual([undefined, []]);
  });

  it('are forgotten with their connection, whatever was heard on it', () => {
    const [producers, connection, other] = [new Producers(), peer(), peer()];
    beat(producers, 'a', 'before', connection);
    beat(producers, 'a', 'client', connection);
    beat(producers, 'a', 'other', other);
    producers.sentHalf('b', 't', connection, { version: 0, language: 0 }, 0);
    expect(producers.connectionOf('before')).toBeUndefined();
    producers.removeConnection(connection);
    const known = ['before', 'client', 'other'].map((clientId) => producers.connectionOf(clientId));
    expect([known, [...producers.names]]).toEqual([[undefined, undefined, other], ['a']]);
  });

  it('that have come back keep their new connection when the old one ends', () => {
    const [producers, old, connection] = [new Producers(), peer(), peer()];
    beat(producers, 'a', 'client', old);
    beat(producers, 'a', 'client', connection);
    producers.removeConnection(old);
    expect(producers.connectionOf('client')).toBe(connection);
  });
});
