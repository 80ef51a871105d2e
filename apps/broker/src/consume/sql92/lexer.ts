import { Sql92Error } from './sql92-error.js';

/** In characters. Everything below costs as much as the text is long; this limits what one consumer can ask for. */
export const LONGEST_EXPRESSION = 32_768;

const KEYWORDS = [
  'NOT',
  'AND',
  'OR',
  'BETWEEN',
  'IN',
  'TRUE',
  'FALSE',
  'NULL',
  'IS',
  'CONTAINS',
  'STARTSWITH',
  'ENDSWITH',
] as const;
export type Keyword = (typeof KEYWORDS)[number];
const SYMBOLS = ['<>', '<=', '>=', '<', '>', '=', '(', ')', ',', '+', '-'] as const;
export type TokenSymbol = (typeof SYMBOLS)[number];

/** `at`: position of its first character. */
export type Token = { readonly at: number } & (
  | { readonly kind: 'keyword'; readonly word: Keyword }
  | { readonly kind: 'symbol'; readonly word: TokenSymbol }
  | { readonly kind: 'name' | 'text' | 'whole' | 'fraction'; readonly word: string }
  | { readonly kind: 'end'; readonly word: '' }
);

const BLANK = /[ \t\n\r\f]+/y;
const LINE_END = /[\n\r]/g;
const NAME = /[A-Za-z_$][A-Za-z0-9_$]*/y;
const NUMBER = /(?:(\d+\.\d*|\.\d+)|(\d+))([eE][+-]?\d+)?/y;

/**
 * A text's tokens, `end` last. Words are not case-sensitive, names are.
 *
 *   name   letter, _ or $, then those and digits        text   '…', a quote in it is written twice
 *   whole  0 | 1-9 digits, L after it means nothing     fraction   5. | .5 | 5.5 | 5E10 | 5.5e-3
 *   comments: from -- to the end of the line, and between slash-star and star-slash
 * @throws Sql92Error
 */
export function tokensOf(text: string): Token[] {
  if (text.length > LONGEST_EXPRESSION) {
    throw new Sql92Error(`at most ${LONGEST_EXPRESSION} characters expected, more`, LONGEST_EXPRESSION);
  }
  const tokens: Token[] = [];
  for (let at = afterBlank(text, 0); at < text.length; at = afterBlank(text, at)) {
    const { token, end } = tokenAt(text, at);
    tokens.push(token);
    at = end;
  }
  tokens.push({ kind: 'end', word: '', at: text.length });
  return tokens;
}

function tokenAt(text: string, at: number): { readonly token: Token; readonly end: number } {
  if (text[at] === "'") return textAt(text, at);
  const name = matchAt(NAME, text, at)?.[0];
  if (name !== undefined) {
    const keyword = KEYWORDS.find((word) => word === name.toUpperCase());
    const token: Token = keyword ? { kind: 'keyword', word: keyword, at } : { kind: 'name', word: name, at };
    return { token, end: at + name.length };
  }
  const number = matchAt(NUMBER, text, at);
  if (number) return numberAt(text, at, number);
  const symbol = SYMBOLS.find((word) => text.startsWith(word, at));
  if (symbol) return { token: { kind: 'symbol', word: symbol, at }, end: at + symbol.length };
  throw new Sql92Error(`unexpected character ${JSON.stringify(text.slice(at, at + 1))}`, at);
}

function textAt(text: string, at: number): { readonly token: Token; readonly end: number } {
  let word = '';
  for (let from = at + 1; ;) {
    const quote = text.indexOf("'", from);
    if (quote < 0) throw new Sql92Error("the closing ' is missing of the text", at);
    word += text.slice(from, quote);
    if (text[quote + 1] !== "'") return { token: { kind: 'text', word, at }, end: quote + 1 };
    word += "'";
    from = quote + 2;
  }
}

function numberAt(
  text: string,
  at: number,
  [word, fraction, whole, exponent]: RegExpExecArray,
): { readonly token: Token; readonly end: number } {
  const end = at + word.length;
  if (fraction !== undefined || exponent !== undefined) return { token: { kind: 'fraction', word, at }, end };
  if (word.length > 1 && word.startsWith('0'))
    throw new Sql92Error(`a number without leading zeros expected, got ${shortened(word)}`, at);
  const long = text[end] === 'l' || text[end] === 'L';
  return { token: { kind: 'whole', word: whole ?? word, at }, end: long ? end + 1 : end };
}

function afterBlank(text: string, from: number): number {
  let at = from;
  for (;;) {
    at += matchAt(BLANK, text, at)?.[0].length ?? 0;
    if (text.startsWith('--', at)) at = lineEnd(text, at);
    else if (text.startsWith('/*', at)) at = commentEnd(text, at);
    else return at;
  }
}

function lineEnd(text: string, at: number): number {
  LINE_END.lastIndex = at;
  return LINE_END.exec(text)?.index ?? text.length;
}

function commentEnd(text: string, at: number): number {
  const end = text.indexOf('*/', at + 2);
  if (end < 0) throw new Sql92Error('the closing */ is missing of the comment', at);
  return end + 2;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

const MOST_SHOWN = 30;

export function shortened(word: string): string {
  return word.length > MOST_SHOWN ? `${word.slice(0, MOST_SHOWN)}…` : word;
}

/** As an error names it. */
export function shown({ kind, word }: Token): string {
  if (kind === 'end') return 'the end';
  if (kind === 'text') return `the text '${shortened(word)}'`;
  return kind === 'name' ? `the name ${shortened(word)}` : shortened(word);
}
