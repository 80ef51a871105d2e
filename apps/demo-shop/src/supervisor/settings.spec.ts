import { describe, expect, test } from '@jest/globals';
import { resolveSettings, ShopError } from './settings.js';

const resolve = (options = {}, env = {}) => resolveSettings({ cliPath: 'halfmq', ...options }, env);

describe('settings of the shop', () => {
  test('defaults are the ports the README names', () => {
    expect(resolve()).toMatchObject({
      port: 3000,
      host: '127.0.0.1',
      ports: { nameServer: 9876, broker: 10_911, brokerHttp: 8080 },
      expiry: '30s',
      deadlineMs: 20_000,
      python: 'python3',
      folder: undefined,
      databaseUrl: undefined,
    });
  });

  test('an option wins over its variable, a variable over the default', () => {
    const env = { HALFMQ_SHOP_PORT: '4000', HALFMQ_SHOP_DEADLINE: '5', DATABASE_URL: 'postgres://db' };
    expect(resolve({}, env)).toMatchObject({ port: 4000, deadlineMs: 5000, databaseUrl: 'postgres://db' });
    expect(resolve({ port: 0 }, env).port).toBe(0);
  });

  test('a blank variable is unset', () => {
    expect(resolve({}, { HALFMQ_SHOP_PORT: ' ', DATABASE_URL: '' })).toMatchObject({
      port: 3000,
      databaseUrl: undefined,
    });
  });

  test.each(['-1', '70000', '3000.5', 'http'])('a port of %s is refused by name', (port) => {
    expect(() => resolve({}, { HALFMQ_SHOP_PORT: port })).toThrow(
      new ShopError(`HALFMQ_SHOP_PORT must be a whole number from 0 to 65535, but is ${port}.`),
    );
  });

  test('an expiry must be a duration', () => {
    expect(() => resolve({}, { HALFMQ_SHOP_EXPIRY: 'soon' })).toThrow(/HALFMQ_SHOP_EXPIRY/);
  });

  test('habits of the provider are read, the others keep their defaults', () => {
    expect(resolve({}, { HALFMQ_SHOP_PROVIDER: 'seed=1, twice=100' }).provider).toEqual({
      seed: 1,
      decline: 6,
      hesitate: 15,
      twice: 100,
    });
    expect(() => resolve({}, { HALFMQ_SHOP_PROVIDER: 'generous=1' })).toThrow(
      /"generous=1" is not one of seed/,
    );
  });
});
