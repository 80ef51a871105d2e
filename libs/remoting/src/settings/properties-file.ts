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
  return parseProperties(text.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n'));
}

/** In the order of the file; a name that stands twice comes twice. Lines end with \n. */
function parseProperties(text: string): Line[] {
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
