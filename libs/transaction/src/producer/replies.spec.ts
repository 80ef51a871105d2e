import { describe, expect, it } from '@jest/globals';
import { formatProperties, ManualClock, PropertyName, SysFlag } from '@halfmq/remoting';
import { RequestTimedOut } from '../errors.js';
import { Replies } from './replies.js';

describe('a request that waits for its reply', () => {
  it('ends with its time when a reply comes that cannot be read', async () => {
    const clock = new ManualClock();
    const replies = new Replies(clock);
    const answer = replies.expect('id', 't', 3_000);
    const properties = formatProperties([[PropertyName.CORRELATION_ID, 'id']]);
    const header = { properties, sysFlag: SysFlag.COMPRESSED } as Parameters<Replies['came']>[0];
    expect(() => replies.came(header, Buffer.from('not compressed'))).toThrow();
    const ended = answer.catch((error: unknown) => error);
    await clock.advance(3_000);
    expect(await ended).toBeInstanceOf(RequestTimedOut);
    expect(clock.pending).toBe(0);
  }, 2_000);
});
