import { describe, expect, it } from '@jest/globals';
import { ManualClock, formatProperties, parseProperties } from '@halfmq/remoting';
import fc from 'fast-check';
import { resolveConfig } from '../config/resolve-config.js';
import { BrokerProperties } from './send-properties.js';

const config = resolveConfig({ properties: { brokerClusterName: 'c', regionId: 'r' }, env: {} });
const own = new BrokerProperties(config, new ManualClock());

describe("the broker's own properties", () => {
  it('follow those of the producer, also without their last separator', () => {
    const raw = 'TAGS\u0001a\u0002UNIQ_KEY\u0001k';
    expect(own.add(raw)).toEqual({
      properties:
        'TAGS\u0001a\u0002UNIQ_KEY\u0001k\u0002MSG_REGION\u0001r\u0002TRACE_ON\u0001true\u0002CLUSTER\u0001c\u0002',
      uniqueKey: 'k',
    });
  });

  it('hold a unique key where the producer gave none', () => {
    const { properties, uniqueKey } = own.add('');
    expect(uniqueKey).toMatch(/^[0-9A-F]{32}/);
    expect(parseProperties(properties).get('UNIQ_KEY')).toBe(uniqueKey);
  });

  it('appear once, whatever was sent, and POP_CK never', () => {
    const name = fc.constantFrom('TAGS', 'UNIQ_KEY', 'MSG_REGION', 'TRACE_ON', 'CLUSTER', 'POP_CK', 'mine');
    const entries = fc.array(fc.tuple(name, fc.stringMatching(/^[a-z]{1,8}$/)), { maxLength: 8 });
    fc.assert(
      fc.property(entries, (given) => {
        const { properties, uniqueKey } = own.add(formatProperties(given));
        const parsed = parseProperties(properties);
        const sent = new Map(given);
        expect(parsed.get('UNIQ_KEY')).toBe(uniqueKey);
        expect([parsed.get('MSG_REGION'), parsed.get('TRACE_ON')]).toEqual(['r', 'true']);
        expect(parsed.has('POP_CK')).toBe(false);
        expect([parsed.get('TAGS'), parsed.get('mine')]).toEqual([sent.get('TAGS'), sent.get('mine')]);
      }),
    );
  });
});
