import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { SETTINGS } from './settings.js';

/** It has one value, which is what this broker is; every other one stops the start. */
const HONOURED_BY_REFUSAL = ['brokerRole'];

const src = dirname(dirname(fileURLToPath(import.meta.url)));

/** What the rooms are written in, without comments and without type positions such as `Pick<BrokerConfig, 'a'>`. */
const rooms = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts') && !path.startsWith(`config${sep}`))
  .map((path) => readFileSync(join(src, path), 'utf8').replaceAll(/\/\*[^]*?\*\/|\/\/.*|'[^'\n]*'/g, ''))
  .join('\n');

/** Read as `config.name` or taken out of it by destructuring: `{ name, other: alias } = this.config` */
function isRead(name: string): boolean {
  if (new RegExp(`\\bconfig\\.${name}\\b`).test(rooms)) return true;
  return new RegExp(
    `\\{[^{}]*\\b${name}\\b[^{}]*\\}\\s*(=\\s*(this\\.)?config\\b|:\\s*(Pick<)?BrokerConfig)`,
  ).test(rooms);
}

describe("the broker's settings", () => {
  it('are each honoured somewhere: one that does nothing is an accepted name, with a warning', () => {
    expect(Object.keys(SETTINGS).filter((name) => !isRead(name))).toEqual(HONOURED_BY_REFUSAL);
  });
});
