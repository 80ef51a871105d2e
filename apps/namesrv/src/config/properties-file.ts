import { readFileSync } from 'node:fs';
import { parseLines, type Node, type Pair } from 'dot-properties';
import { ConfigError } from './config-error.js';

export interface Line {
  readonly name: string;
  readonly value: string;
  /** From 1. */
  readonly line: number;
}

/**
 * The pairs of a Java properties file in its order: UTF-8 with or without a byte order mark, escapes and continued
 * lines undone, values trimmed.
 * @throws ConfigError when it cannot be read
 */
export function readProperties(path: string): Line[] {
  const text = readText(path)
    .replace(/^\uFEFF/, '')
    .replaceAll('\r\n', '\n');
  const nodes: Node[] = parseLines(text, true);
  return nodes.filter(isPair).map(({ key, value, range }) => ({
    name: key,
    value: value.trim(),
    line: text.slice(0, range?.[0]).split('\n').length,
  }));
}

function isPair(node: Node): node is Pair {
  return node.type === 'PAIR';
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ConfigError({ kind: 'file', name: path }, `cannot be read (${reason})`);
  }
}
