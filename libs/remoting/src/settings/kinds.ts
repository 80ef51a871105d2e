import { isIP } from 'node:net';

/** How the text of one kind of setting becomes a value. `undefined` means: it does not. */
export interface Kind<T> {
  /** Completes the sentence "expected …". */
  readonly expected: string;
  parse(text: string): T | undefined;
}

export const text: Kind<string> = { expected: 'a text', parse: (value) => value };

/** RocketMQ spreads its log over several, separated by commas. */
export const oneFolder: Kind<string> = {
  expected: 'one folder (segments are not spread over several)',
  parse: (value) => (value.includes(',') ? undefined : value),
};

/** An empty one says nothing. */
export const endpoint: Kind<string> = {
  expected: 'HOST:PORT',
  parse: (value) => (/^((\[[\da-fA-F:]+\]|[\w.-]+):[1-9]\d{0,4})?$/.test(value) ? value : undefined),
};

export const name: Kind<string> = {
  expected: 'a name of letters, digits and . _ - % | (at most 127)',
  parse: (value) => (/^[\w.%|-]{1,127}$/.test(value) ? value : undefined),
};

/** Java's Boolean, but anything other than its two words is an error instead of a silent false. */
export const flag: Kind<boolean> = {
  expected: 'true or false',
  parse: (value) => (value === 'true' ? true : value === 'false' ? false : undefined),
};

export function whole(min: number, max: number = Number.MAX_SAFE_INTEGER): Kind<number> {
  const expected =
    max === Number.MAX_SAFE_INTEGER
      ? `a whole number, ${min} or more`
      : `a whole number from ${min} to ${max}`;
  return {
    expected,
    parse(value) {
      if (!/^[+-]?\d+$/.test(value)) return undefined;
      const number = Number(value);
      return number >= min && number <= max ? number : undefined;
    },
  };
}

export const port: Kind<number> = {
  ...whole(0, 65535),
  expected: 'a port from 0 to 65535 (0 = any free one)',
};

export function oneOf<const T extends string>(...values: readonly T[]): Kind<T> {
  return {
    expected: values.join(' or '),
    parse: (value) => values.find((candidate) => candidate === value),
  };
}

/** RocketMQ separates name servers by `;`; a comma is accepted too. */
export const addresses: Kind<string> = {
  expected: 'host:port, several separated by ;',
  parse(value) {
    const parts = value.split(/[;,]/).map((part) => part.trim());
    const given = parts.filter((part) => part !== '');
    return given.every(isAddress) ? given.join(';') : undefined;
  },
};

function isAddress(value: string): boolean {
  const [, number] = /^(?:\[[\da-fA-F:.]+\]|[^\s:[\]/]+):(\d{1,5})$/.exec(value) ?? [];
  return number !== undefined && Number(number) > 0 && Number(number) < 65536;
}

/** An address alone, as it is written into messages and routes. Names are refused: a record holds 4 or 16 bytes. */
export const ipAddress: Kind<string> = {
  expected: 'an IPv4 or IPv6 address',
  parse: (value) => (isIP(value) !== 0 && !value.includes('%') ? value : undefined),
};
