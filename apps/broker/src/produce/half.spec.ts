import { describe, expect, it } from '@jest/globals';
import { SysFlag, parseHost, parseProperties } from '@halfmq/remoting';
import type { NewMessage } from '@halfmq/store';
import { halfMessage, isHalf } from './half.js';

const message = (properties: string): NewMessage => ({
  topic: 'orders',
  queueId: 3,
  flag: 0,
  sysFlag: SysFlag.COMPRESSED | SysFlag.TRANSACTION_PREPARED,
  bornTimestamp: 1,
  bornHost: parseHost('127.0.0.1:1'),
  reconsumeTimes: 0,
  preparedTransactionOffset: 0,
  body: Buffer.from('body'),
  properties,
});

describe('a half message', () => {
  it('is asked for by TRAN_MSG, in whatever case', () => {
    expect(isHalf('TRAN_MSG\u0001true\u0002', 0)).toBe(true);
    expect(isHalf('A\u0001b\u0002TRAN_MSG\u0001TRUE', 0)).toBe(true);
    expect(isHalf('TRAN_MSG\u0001false\u0002', 0)).toBe(false);
    expect(isHalf('A\u0001TRAN_MSG\u0002', 0)).toBe(false);
    expect(isHalf('', 0)).toBe(false);
  });

  it('is an ordinary message when it is a retry with a delay', () => {
    expect(isHalf('TRAN_MSG\u0001true\u0002DELAY\u00013\u0002', 1)).toBe(false);
    expect(isHalf('TRAN_MSG\u0001true\u0002DELAY\u00013\u0002', 0)).toBe(true);
    expect(isHalf('TRAN_MSG\u0001true\u0002', 1)).toBe(true);
  });

  it('lies in the half topic, remembers its own and carries no transaction bits', () => {
    const half = halfMessage(message('TRAN_MSG\u0001true\u0002PGROUP\u0001p'), 'key', 'group');
    expect(half).toMatchObject({
      topic: 'RMQ_SYS_TRANS_HALF_TOPIC',
      queueId: 0,
      sysFlag: SysFlag.COMPRESSED,
    });
    expect(Object.fromEntries(parseProperties(half.properties))).toEqual({
      TRAN_MSG: 'true',
      PGROUP: 'p',
      REAL_TOPIC: 'orders',
      REAL_QID: '3',
      __transactionId__: 'key',
    });
  });

  it('names the group of its sender where its producer did not', () => {
    const half = halfMessage(message('TRAN_MSG\u0001true\u0002'), 'key', 'group');
    expect(parseProperties(half.properties).get('PGROUP')).toBe('group');
  });
});
