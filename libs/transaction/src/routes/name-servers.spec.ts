import { describe, expect, it } from '@jest/globals';
import { InvalidOption } from '../errors.js';
import { parseNameServers } from './name-servers.js';

describe('a list of name servers', () => {
  it.each([
    ['a:9876', ['a:9876']],
    ['a:9876;b:9877', ['a:9876', 'b:9877']],
    [' a:9876 , b:9877;', ['a:9876', 'b:9877']],
    [
      ['a:1', 'b:2;c:3', 'a:1'],
      ['a:1', 'b:2', 'c:3'],
    ],
    ['[::1]:9876', ['[::1]:9876']],
  ])('%j is %j', (given, addresses) => expect(parseNameServers(given)).toEqual(addresses));

  it.each(['', ';', 'localhost', 'a:0', 'a:70000', ':9876', 'a:9876 b:9876x', []])('%j is none', (given) => {
    expect(() => parseNameServers(given)).toThrow(InvalidOption);
  });

  it('that was never set, as a variable of the environment may be, is said to be so', () => {
    const unset = process.env['HALFMQ_TEST_UNSET'] as string;
    expect(() => parseNameServers(unset)).toThrow('nameServers: text like host:9876 expected, got undefined');
  });
});
