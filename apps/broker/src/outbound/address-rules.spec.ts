import { describe, expect, it } from '@jest/globals';
import { AddressRules } from './address-rules.js';

const PUBLIC = ['93.184.216.34', '2606:2800:220:1::1', '::ffff:93.184.216.34', '64:ff9b::5db8:d822'];
const PRIVATE = ['127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.7.7', '100.64.1.1', '::1', 'fd12::1'];
const MAPPED = ['::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::7f00:1'];
const NEVER = [
  '169.254.169.254',
  '::ffff:169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  '100.100.100.200',
  '168.63.129.16',
  'fd00:ec2::254',
  'fe80::1',
  '0.0.0.0',
  '::',
  '224.0.0.1',
  'ff02::1',
  '255.255.255.255',
  '2002:7f00:1::',
];

const rules = (more: Partial<ConstructorParameters<typeof AddressRules>[0]> = {}): AddressRules =>
  new AddressRules({ httpHost: '127.0.0.1', outboundAllow: '', outboundDeny: '', ...more });

const called = (one: AddressRules, addresses: readonly string[]): string[] =>
  addresses.filter((address) => one.refusal(address) === undefined);

describe('what a broker may call over HTTP', () => {
  it.each(['127.0.0.1', '127.9.9.9', '::1', 'localhost'])(
    'is public and private, never link-local or metadata, while its own door is for this machine (%s)',
    (httpHost) => {
      const one = rules({ httpHost });
      expect(called(one, [...PUBLIC, ...PRIVATE, ...MAPPED])).toEqual([...PUBLIC, ...PRIVATE, ...MAPPED]);
      expect(called(one, NEVER)).toEqual([]);
    },
  );

  it.each(['0.0.0.0', '10.0.0.1', '::', 'broker.example'])(
    'is only public when its door is open to others (%s)',
    (httpHost) => {
      const one = rules({ httpHost });
      expect(called(one, [...PUBLIC, ...PRIVATE, ...MAPPED, ...NEVER])).toEqual(PUBLIC);
      expect(one.refusal('10.1.2.3')).toContain('outboundAllow');
    },
  );

  it('is also what an operator allows, and not what he denies', () => {
    const one = rules({
      httpHost: '0.0.0.0',
      outboundAllow: '10.1.0.0/16, 169.254.169.254',
      outboundDeny: '10.1.2.0/24,93.184.216.34',
    });
    expect(
      called(one, ['10.1.3.3', '169.254.169.254', '::ffff:10.1.3.3', '10.1.2.3', '10.2.0.1', ...PUBLIC]),
    ).toEqual(['10.1.3.3', '169.254.169.254', '::ffff:10.1.3.3', '2606:2800:220:1::1']);
    expect(one.refusal('10.1.2.3')).toContain('outboundDeny');
  });
});
