import type { Kind } from '@halfmq/remoting/settings';

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
