/** How the text of one kind of setting becomes a value. `undefined` means: it does not. */
export interface Kind<T> {
  /** Completes the sentence "expected …". */
  readonly expected: string;
  parse(text: string): T | undefined;
}

export const text: Kind<string> = { expected: 'a text', parse: (value) => value };

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
  parse: (value) => (isIpLike(value) ? value : undefined),
};

function isIpLike(value: string): boolean {
  const bytes = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(value)?.slice(1);
  if (bytes !== undefined) return bytes.every((byte) => Number(byte) < 256);
  return /^[\da-fA-F:]*:[\da-fA-F:]*(?::\d{1,3}(?:\.\d{1,3}){3})?$/.test(value);
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `1s 5s 10s …`: the text stays the setting's value (as in RocketMQ); `delayLevelsMs` reads it. */
export const delayLevels: Kind<string> = {
  expected: 'durations such as 1s 5m 2h 1d, separated by blanks',
  parse: (value) => (parseDelays(value) === undefined ? undefined : value.trim().split(/\s+/).join(' ')),
};

/** @returns milliseconds of each delay level; index 0 is level 1. */
export function delayLevelsMs(messageDelayLevel: string): readonly number[] {
  return parseDelays(messageDelayLevel) ?? [];
}

function parseDelays(value: string): number[] | undefined {
  const delays: number[] = [];
  for (const word of value.trim().split(/\s+/)) {
    const [, amount, unit] = /^(\d{1,9})([smhd])$/.exec(word) ?? [];
    if (amount === undefined || unit === undefined) return undefined;
    delays.push(Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS]);
  }
  return delays;
}
