import { InvalidOption } from './errors.js';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNIT_MS;

/** Milliseconds, or text: a number and ms, s, m, h or d; several may follow one another ("1h30m"). */
export type Duration = number | string;

const PART = /(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*/gy;

/**
 * @returns whole milliseconds
 * @throws InvalidOption for anything that is no duration, or a negative one
 */
export function parseDuration(duration: Duration): number {
  if (typeof duration === 'number') {
    if (Number.isFinite(duration) && duration >= 0) return Math.round(duration);
    throw noDuration(duration);
  }
  const text = duration.trim();
  let ms = 0;
  let end = 0;
  for (const part of text.matchAll(PART)) {
    ms += Number(part[1]) * UNIT_MS[part[2] as Unit];
    end = part.index + part[0].length;
  }
  if (end === 0 || end !== text.length) throw noDuration(duration);
  return Math.round(ms);
}

function noDuration(duration: Duration): InvalidOption {
  return new InvalidOption(
    `a duration is a number of milliseconds or text like 500ms, 5s, 15m, 1h30m, 7d; got ${JSON.stringify(duration)}`,
  );
}
