import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@halfmq/remoting';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CheckHistory } from './check-history.js';

describe('the history of checks', () => {
  const first = { clientId: 'one', address: '127.0.0.1:1' };
  const second = { clientId: 'two', address: '127.0.0.1:2' };

  it('says whom a half message was asked of, and what each of them answered', async () => {
    const clock = new ManualClock(1000);
    const history = new CheckHistory(clock);
    expect([history.since, history.of(7)]).toEqual([1000, []]);
    history.asked({ halfOffset: 7 }, first);
    await clock.advance(10);
    history.asked({ halfOffset: 7 }, second);
    await clock.advance(10);
    history.answered(7, 'unknown', first.address, 'busy');
    history.answered(7, 'commit', '127.0.0.1:3');
    history.answered(8, 'commit', first.address);
    const answer = { verdict: 'unknown', at: 1020, remark: 'busy' };
    expect(history.of(7)).toEqual([
      { askedAt: 1000, whom: first, answer },
      { askedAt: 1010, whom: second },
    ]);
    history.answered(7, 'commit', second.address);
    expect(history.of(7)[1]).toMatchObject({ answer: { verdict: 'commit', at: 1020, remark: undefined } });
  });

  it('keeps the beginning of a remark, and no more of it in memory', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const history = new CheckHistory(new ManualClock(1000));
    const [count, length] = [1_000, 20_000];
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let halfOffset = 0; halfOffset < count; halfOffset++) {
      history.asked({ halfOffset }, first);
      history.answered(halfOffset, 'rollback', first.address, Buffer.alloc(length, 'at org.').toString());
    }
    collect();
    expect(history.of(0)[0]).toMatchObject({ answer: { remark: 'at org.'.repeat(72).slice(0, 500) } });
    expect(process.memoryUsage().heapUsed - before).toBeLessThan((count * length) / 4);
  });

  it('says who could not be asked, once for as long as that lasts, and when it was parked and recovered', async () => {
    const clock = new ManualClock(1000);
    const history = new CheckHistory(clock);
    history.missed({ halfOffset: 7 }, first, 'ECONNREFUSED');
    await clock.advance(10);
    history.missed({ halfOffset: 7 }, first, 'it answers with HTTP 503');
    history.answered(7, 'commit', first.address);
    history.parked({ halfOffset: 7 });
    history.recovered(7, { operator: 'ada', reason: 'back' });
    expect(history.of(7)).toEqual([
      { askedAt: 1010, whom: first, missed: 'it answers with HTTP 503' },
      { turn: 'parked', at: 1010 },
      { turn: 'recovered', at: 1010, operator: 'ada', reason: 'back' },
    ]);
  });

  it('keeps the last checks of the half messages asked about last', () => {
    const history = new CheckHistory(new ManualClock(0));
    for (let check = 0; check < 40; check++) history.asked({ halfOffset: 0 }, first);
    expect(history.of(0)).toHaveLength(32);
    for (let halfOffset = 1; halfOffset <= 4096; halfOffset++) history.asked({ halfOffset }, first);
    expect(history.of(0)).toEqual([]);
    expect(history.of(1)).toHaveLength(1);
  });
});
