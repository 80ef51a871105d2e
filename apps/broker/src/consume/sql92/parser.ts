import { mayBeCompared, mayBeEqual, mayBeRange, truthOf } from './checks.js';
import type { Expression, Order, Search } from './expression.js';
import { JavaNumber } from './java-number.js';
import { shown, shortened, tokensOf, type Keyword, type Token, type TokenSymbol } from './lexer.js';
import { Sql92Error } from './sql92-error.js';

/** How deep parentheses, NOT, signs and rows of comparisons may nest: all of them are calls within calls. */
export const DEEPEST = 200;

const ORDERS: ReadonlySet<string> = new Set<Order>(['>', '>=', '<', '<=']);
const SEARCHES: ReadonlySet<string> = new Set<Search>(['CONTAINS', 'STARTSWITH', 'ENDSWITH']);

/**
 * Reads the expression of a filter, by RocketMQ's grammar (SelectorParser.jj):
 *
 *   condition  = all { OR all }
 *   all        = equality { AND equality }
 *   equality   = comparison { ( = | <> ) comparison | IS [NOT] NULL }
 *   comparison = unary { ( > | >= | < | <= ) unary | [NOT] ( CONTAINS | STARTSWITH | ENDSWITH ) text
 *                      | [NOT] BETWEEN unary AND unary | [NOT] IN ( text { , text } ) }
 *   unary      = ( + | - | NOT ) unary | text | number | TRUE | FALSE | NULL | name | ( condition )
 *
 * NOT binds closer than a comparison: NOT (a = 1) needs its parentheses. What follows a whole expression is an error
 * here; RocketMQ leaves it unread, so that `a LIKE 'x'` is the same to it as `a`.
 * @throws Sql92Error
 */
export function parseSql92(text: string): Expression {
  return new Parser(tokensOf(text)).whole();
}

class Parser {
  private next = 0;
  private depth = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  whole(): Expression {
    const expression = truthOf(this.condition());
    if (this.token.kind !== 'end') throw this.expected('an operator, AND, OR or the end');
    return expression;
  }

  private condition(): Expression {
    const { at } = this.token;
    const first = this.all();
    if (!this.isAt('OR')) return first;
    const terms = [truthOf(first)];
    while (this.takes('OR')) terms.push(truthOf(this.all()));
    return { kind: 'or', terms, at };
  }

  private all(): Expression {
    const { at } = this.token;
    const first = this.equality();
    if (!this.isAt('AND')) return first;
    const terms = [truthOf(first)];
    while (this.takes('AND')) terms.push(truthOf(this.equality()));
    return { kind: 'and', terms, at };
  }

  private equality(): Expression {
    const { at } = this.token;
    let left = this.comparison();
    for (let links = 0; ; this.chained(++links)) {
      if (this.takes('=')) left = mayBeEqual({ kind: 'equal', left, right: this.comparison(), at });
      else if (this.takes('<>'))
        left = { kind: 'not', of: mayBeEqual({ kind: 'equal', left, right: this.comparison(), at }), at };
      else if (this.takes('IS')) left = this.isNull(left, at);
      else return left;
    }
  }

  private isNull(of: Expression, at: number): Expression {
    const not = this.takes('NOT');
    this.take('NULL');
    const isNull: Expression = { kind: 'null', of, at };
    return not ? { kind: 'not', of: isNull, at } : isNull;
  }

  private comparison(): Expression {
    const { at } = this.token;
    let left = this.unary();
    for (let links = 0; ; this.chained(++links)) {
      const { word } = this.token;
      if (this.token.kind === 'symbol' && ORDERS.has(word)) {
        this.next++;
        left = mayBeCompared({ kind: 'order', operator: word as Order, left, right: this.unary(), at });
        continue;
      }
      const not = this.takes('NOT');
      const tested = this.test(left, not, at);
      if (!tested) return left;
      left = tested;
    }
  }

  /** What may follow NOT after an operand. */
  private test(of: Expression, not: boolean, at: number): Expression | undefined {
    const { word, kind } = this.token;
    if (kind === 'keyword' && SEARCHES.has(word)) {
      this.next++;
      return { kind: 'search', how: word as Search, of, text: this.text(), not, at };
    }
    if (this.takes('BETWEEN')) {
      const low = this.unary();
      this.take('AND');
      return mayBeRange({ kind: not ? 'outside' : 'between', of, low, high: this.unary(), at });
    }
    if (this.isAt('IN')) return this.in(of, not, at);
    if (not) throw this.expected('BETWEEN, IN, CONTAINS, STARTSWITH or ENDSWITH after NOT');
    return undefined;
  }

  private in(of: Expression, not: boolean, at: number): Expression {
    if (of.kind !== 'property') throw new Sql92Error('a property expected before IN', of.at);
    this.take('IN');
    this.take('(');
    const texts = new Set([this.text()]);
    while (this.takes(',')) texts.add(this.text());
    this.take(')', ', or )');
    return { kind: 'in', of, texts, not, at };
  }

  private unary(): Expression {
    this.deeper();
    const expression = this.signed(this.token.at);
    this.depth--;
    return expression;
  }

  private signed(at: number): Expression {
    if (this.takes('+')) return this.unary();
    if (this.takes('-')) return { kind: 'minus', of: this.unary(), at };
    if (this.takes('NOT')) return { kind: 'not', of: truthOf(this.unary()), at };
    if (!this.takes('(')) return this.primary();
    const inner = this.condition();
    this.take(')');
    return inner;
  }

  private primary(): Expression {
    const { token } = this;
    const { at } = token;
    this.next++;
    switch (token.kind) {
      case 'name':
        return { kind: 'property', name: token.word, at };
      case 'text':
        return { kind: 'constant', value: token.word, at };
      case 'whole':
        return this.number(JavaNumber.whole(token.word), 'a number that fits into 64 bits', token);
      case 'fraction':
        return this.number(JavaNumber.fraction(token.word), 'a number that fits into a double', token);
      default:
        if (token.word === 'TRUE' || token.word === 'FALSE')
          return { kind: 'constant', value: token.word === 'TRUE', at };
        if (token.word === 'NULL') return { kind: 'constant', value: null, at };
        this.next--;
        throw this.expected('a property, a text, a number, TRUE, FALSE, NULL, NOT or (');
    }
  }

  private number(value: JavaNumber | undefined, expected: string, { word, at }: Token): Expression {
    if (!value) throw new Sql92Error(`${expected} expected, got ${shortened(word)}`, at);
    return { kind: 'constant', value, at };
  }

  private text(): string {
    const { token } = this;
    if (token.kind !== 'text') throw this.expected("a text in '…'");
    this.next++;
    return token.word;
  }

  private get token(): Token {
    // the last one is the end, and nothing takes it
    return this.tokens[this.next] as Token;
  }

  private isAt(word: Keyword | TokenSymbol): boolean {
    const { kind, word: present } = this.token;
    return present === word && (kind === 'keyword' || kind === 'symbol');
  }

  private takes(word: Keyword | TokenSymbol): boolean {
    const taken = this.isAt(word);
    if (taken) this.next++;
    return taken;
  }

  private take(word: Keyword | TokenSymbol, expected: string = word): void {
    if (!this.takes(word)) throw this.expected(expected);
  }

  private expected(what: string): Sql92Error {
    return new Sql92Error(`${what} expected, got ${shown(this.token)}`, this.token.at);
  }

  /** A second comparison of a row has the first one inside of it, and so on: their number counts, for good. */
  private chained(links: number): void {
    if (links > 1) this.deeper();
  }

  private deeper(): void {
    if (++this.depth > DEEPEST) throw new Sql92Error(`nested deeper than ${DEEPEST}`, this.token.at);
  }
}
