import { describe, expect, it } from '@jest/globals';
import { httpUrl } from '../outbound/http-url.js';
import { urlAnswer } from './url-answer.js';

describe('the answer of a check URL', () => {
  it.each(['commit', ' Commit\n', '"commit"', '{"verdict":"commit"}', '{"verdict":"COMMIT","more":1}'])(
    'is a verdict as word or document: %j',
    (body) => expect(urlAnswer({ status: 200, body })).toEqual({ verdict: 'commit' }),
  );

  it.each([
    '',
    'yes',
    'commit!',
    '"commit',
    '{"verdict":',
    '{"verdict":null}',
    '{"verdict":["commit"]}',
    '["commit"]',
    'null',
    '{}',
  ])('decides nothing when it cannot be understood, and is quoted: %j', (body) => {
    const why = expect.stringContaining(JSON.stringify(body));
    expect(urlAnswer({ status: 200, body })).toEqual({ verdict: 'unknown', why });
  });

  it.each([204, 302, 404])('decides nothing by HTTP %d, whatever it says besides', (status) => {
    const body = status === 204 ? '' : 'commit';
    expect(urlAnswer({ status, body }).verdict).toBe('unknown');
  });
});

describe('a check URL', () => {
  it('is an http or https address without a password', () => {
    expect(httpUrl('checkUrl', 'HTTPS://shop.example/a b?c').href).toBe('https://shop.example/a%20b?c');
    for (const wrong of [
      '',
      'shop',
      '/check',
      'ftp://a/',
      'file:///etc/passwd',
      'http://',
      'http://me@a/',
      'javascript:x',
    ])
      expect(() => httpUrl('checkUrl', wrong)).toThrow('checkUrl');
  });
});
