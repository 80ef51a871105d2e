import { describe, expect, it } from '@jest/globals';
import { formatHost, parseHost } from './host.js';

describe('a host', () => {
  it.each([
    ['127.0.0.1:10911', '127.0.0.1:10911'],
    ['[::1]:0', '[::1]:0'],
    ['[::]:1', '[::]:1'],
    ['[fe80::1%eth0]:9876', '[fe80::1]:9876'],
    ['[::ffff:10.0.0.1]:80', '10.0.0.1:80'],
    ['[2001:DB8:0:0:1:0:0:1]:80', '[2001:db8::1:0:0:1]:80'],
    ['[1:2:3:4:5:6:1.2.3.4]:80', '[1:2:3:4:5:6:102:304]:80'],
  ])('%s is written %s', (text, canonical) => {
    expect(formatHost(parseHost(text))).toBe(canonical);
  });

  it('keeps no more memory than its bytes, as long as its connection lives', () => {
    expect(parseHost('127.0.0.1:10911').address.buffer.byteLength).toBe(4);
    expect(parseHost('[::1]:10911').address.buffer.byteLength).toBe(16);
  });

  it.each(['', '1.2.3.4', '1.2.3.4:', '1.2.3.4:x', '1.2.3.4:65536', '1.2.3:80', 'broker:80', ':80'])(
    'is not %p',
    (text) => {
      expect(() => parseHost(text)).toThrow('address expected as ip:port');
    },
  );
});
