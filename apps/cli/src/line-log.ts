import { inspect, styleText } from 'node:util';
import type { Clock, Log } from '@halfmq/transaction';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof LEVELS)[number];

/** HALFMQ_LOG_LEVEL (debug, info, warn, error) says from where on; without it from info. */
export function levelOf(env: NodeJS.ProcessEnv): Level {
  const asked = env['HALFMQ_LOG_LEVEL']?.toLowerCase();
  return LEVELS.find((level) => level === asked) ?? 'info';
}

/**
 * The log of a server that runs in a terminal: `2026-01-31T12:00:00.000Z WARN what happened name=value`, a line each,
 * on standard error; on a terminal its level has a colour.
 */
export function lineLog(
  clock: Clock,
  env: NodeJS.ProcessEnv,
  write: (line: string) => void = (line) => void process.stderr.write(line),
  inColour = process.stderr.isTTY && env['NO_COLOR'] === undefined,
): Log {
  const from = LEVELS.indexOf(levelOf(env));
  const at =
    (level: Level) =>
    (message: string, fields: object = {}): void => {
      if (LEVELS.indexOf(level) < from) return;
      const time = new Date(clock.now()).toISOString();
      write(`${time} ${shown(level, inColour)} ${oneLine(message)}${fieldsText(fields)}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

const COLOURS = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const;

function shown(level: Level, inColour: boolean): string {
  const text = level.toUpperCase().padEnd(5);
  return inColour ? styleText(COLOURS[level], text) : text;
}

function fieldsText(fields: object): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${valueText(value)}`)
    .join('');
}

function valueText(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return value;
  return jsonOf(value) ?? inspect(value, { breakLength: Infinity });
}

/** @returns undefined for what JSON cannot say: a bigint somewhere inside, a circle */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** A record is one line, whatever a client put into a name. */
function oneLine(text: string): string {
  return text.replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}
