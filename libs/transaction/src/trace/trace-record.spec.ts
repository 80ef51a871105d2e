import { describe, expect, it } from '@jest/globals';
import {
  afterHandling,
  beforeHandling,
  ContextCode,
  endedTransaction,
  MessageType,
  published,
  recalled,
} from './trace-record.js';

/** The separators as they are read best. */
const shown = (text: string): string => text.replaceAll('\u0001', '|').replaceAll('\u0002', '.');

const common = { at: 1_700_000_000_000, regionId: 'DefaultRegion', group: 'g', topic: 't', messageId: 'ID' };

describe('a record of the message trace', () => {
  it('has the fields that RocketMQ decodes, in its order', () => {
    const sent = { ...common, tag: 'a', keys: ['k1', 'k2'], storeHost: '127.0.0.1:10911', bodyBytes: 5 };
    const pub = { costMs: 3, type: MessageType.delayed, offsetMessageId: 'OFF', success: true };
    expect(shown(published({ ...sent, ...pub }).text)).toBe(
      'Pub|1700000000000|DefaultRegion|g|t|ID|a|k1 k2|127.0.0.1:10911|5|3|3|OFF|true.',
    );
    const consumed = { ...common, requestId: 'R', keys: ['k1'] };
    expect(shown(beforeHandling({ ...consumed, retries: 2 }).text)).toBe(
      'SubBefore|1700000000000|DefaultRegion|g|R|ID|2|k1.',
    );
    expect(shown(afterHandling({ ...consumed, costMs: 7, code: ContextCode.timeout }).text)).toBe(
      'SubAfter|R|ID|7|false|k1|1|1700000000000|g.',
    );
    const ending = {
      ...common,
      address: 'h:1',
      transactionId: 'TX',
      state: 'commit',
      fromCheck: true,
    } as const;
    expect(shown(endedTransaction(ending).text)).toBe(
      'EndTransaction|1700000000000|DefaultRegion|g|t|ID|null|null|h:1|2|TX|COMMIT_MESSAGE|true.',
    );
    expect(shown(recalled({ ...common, success: false }).text)).toBe(
      'Recall|1700000000000|DefaultRegion|g|t|ID|false.',
    );
  });

  it('is found by the id and the keys of its message; what there is not is null', () => {
    const record = beforeHandling({ ...common, requestId: 'R', keys: ['k1', 'k2'], retries: 0 });
    expect(record.found).toEqual(['ID', 'k1', 'k2']);
    expect(shown(beforeHandling({ ...common, requestId: 'R', keys: [], retries: 0 }).text)).toMatch(
      /\|null\.$/,
    );
  });
});
