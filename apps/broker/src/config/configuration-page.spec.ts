import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { ACCEPTED_NAMES, LEGACY_NAMES } from './accepted-names.js';
import { refuseWhatIsMissing } from './refusals.js';
import { SETTINGS } from './settings.js';
import { STORE_SETTINGS_ASIDE } from './store-settings-aside.js';

const PAGE = new URL('../../../../docs/configuration.md', import.meta.url);

/** What a default says where it is made of the machine. */
const HOST = { hostName: '<host name>', home: '~', addresses: ['<first address>'], env: {} };

const REFUSED: readonly (readonly [name: string, value: string])[] = [
  ['brokerRole', 'SYNC_MASTER'],
  ['brokerRole', 'SLAVE'],
  ['brokerId', '1'],
  ['enableDLegerCommitLog', 'true'],
  ['enableControllerMode', 'true'],
  ['readOnlyCommitLogStorePaths', '/disk2/commitlog'],
  ['aclEnable', 'true'],
  ['authenticationEnabled', 'true'],
  ['authorizationEnabled', 'true'],
];

/** `|` ends a cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|');

function whyRefused([name, value]: readonly [string, string]): string {
  try {
    refuseWhatIsMissing(name, value, { kind: 'option' });
    return 'is not';
  } catch (error) {
    return String(error).replace(/^.*cannot be honoured: /, '');
  }
}

/** In the order of the alphabet. */
const named = (names: readonly string[]): string =>
  `${names
    .toSorted()
    .map((name) => `\`${name}\``)
    .join(', ')}.`;

/** Reasons in the table's order, with all names of each. */
function asideRows(): string[] {
  const byReason = new Map<string, string[]>();
  for (const [name, reason] of STORE_SETTINGS_ASIDE) {
    byReason.set(reason, [...(byReason.get(reason) ?? []), `\`${name}\``]);
  }
  return [...byReason].map(([reason, names]) => `| ${names.join(', ')} | ${cell(reason)} |`);
}

/** The page as the tables say it; `UPDATE_DOCS=1 npm test -- configuration-page` writes it anew. */
function page(): string {
  const rows = Object.entries(SETTINGS).map(([name, { kind, fallback, meaning }]) => {
    const value = String(fallback(HOST));
    return `| \`${name}\` | ${value === '' ? '' : `\`${value}\``} | ${cell(kind.expected)} | ${cell(meaning)} |`;
  });
  return `${[
    "# The broker's settings",
    '',
    "Names, units and defaults are RocketMQ's. A setting comes from an option, else from a variable (`HALFMQ_LISTEN_PORT` is `listenPort`), else from a `.properties` file as RocketMQ's `broker.conf`, else it has its default. A name that neither RocketMQ nor this broker knows stops the start and is told with the nearest one; `halfmq broker -p` prints every value with where it came from.",
    '',
    '| setting | default | value | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
    '## What stops the start',
    '',
    'What would break a promise silently if it were left aside.',
    '',
    '| setting | why |',
    '|---|---|',
    ...REFUSED.map((one) => `| \`${one.join('=')}\` | ${cell(whyRefused(one))} |`),
    '',
    "## Settings of RocketMQ's store that change nothing here",
    '',
    'A file that holds them starts the broker all the same, and one warning names them.',
    '',
    '| settings | why |',
    '|---|---|',
    ...asideRows(),
    '',
    '## Other settings of RocketMQ that change nothing here',
    '',
    'Taken with the same warning. They are of thread pools, Netty, its client side, and of features that are not there (metrics exporters, access control, controllers).',
    '',
    named(
      [...ACCEPTED_NAMES].filter((name) => !STORE_SETTINGS_ASIDE.has(name) && !Object.hasOwn(SETTINGS, name)),
    ),
    '',
    'Names that files of RocketMQ 3 and 4 have, and no release reads any more:',
    '',
    named([...LEGACY_NAMES]),
  ].join('\n')}\n`;
}

describe('the page of settings', () => {
  it('says what the tables of settings say', async () => {
    if (process.env['UPDATE_DOCS'] === '1') await writeFile(PAGE, page());
    expect(await readFile(PAGE, 'utf8')).toBe(page());
  });

  it('tells of every setting what it means', () => {
    expect(Object.entries(SETTINGS).filter(([, { meaning }]) => meaning === '')).toEqual([]);
  });

  it('leaves nothing aside that is honoured', () => {
    expect(Object.keys(SETTINGS).filter((name) => STORE_SETTINGS_ASIDE.has(name))).toEqual([]);
  });
});
