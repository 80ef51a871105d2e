import { readFileSync } from 'node:fs';
import { parseLines } from 'dot-properties';
import { ConfigError } from './config-error.js';

export interface Line {
  readonly name: string;
  readonly value: string;
  /** From 1. */
  readonly line: number;
}

/**
 * Reads a Java properties file as people write them: UTF-8, a byte order mark or none, comments in any script,
 * values with trailing blanks (which Java keeps and people do not see).
 * @throws ConfigError when it cannot be read
 */
export function readProperties(path: string): Line[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ConfigError({ kind: 'file', name: path }, `cannot be read (${reason})`);
  }
  return parseProperties(text.replace(/^\uFEFF/, ''));
}

/** In the order of the file; a name that stands twice comes twice. */
export function parseProperties(text: string): Line[] {
  const lines: Line[] = [];
  for (const node of parseLines(text, true)) {
    if (node.type !== 'PAIR') continue;
    const [start, , , end] = node.range;
    const line = text.slice(0, start).split('\n').length;
    // the tree knows where a pair stands, only the plain form undoes escapes and continued lines
    for (const [name = '', value = ''] of parseLines(text.slice(start, end))) {
      lines.push({ name, value: value.trim(), line });
    }
  }
  return lines;
}
