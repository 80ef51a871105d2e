import type { Kind } from '@halfmq/remoting/settings';

/** `04;16`: the text stays the setting's value, as in RocketMQ; `deleteAtHours` reads it. */
export const hours: Kind<string> = {
  expected: 'hours of the day from 0 to 23, several separated by ;',
  parse: (value) => (parseHours(value) === undefined ? undefined : value),
};

export function deleteAtHours(deleteWhen: string): readonly number[] {
  return parseHours(deleteWhen) ?? [];
}

function parseHours(value: string): number[] | undefined {
  const parts = value.split(';').map((part) => part.trim());
  const given = parts.filter((part) => part !== '');
  return given.length > 0 && given.every((part) => /^([01]?\d|2[0-3])$/.test(part))
    ? given.map(Number)
    : undefined;
}
