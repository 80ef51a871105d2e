import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseProperties } from '@halfmq/remoting';
import { Sql92Filters, sql92Filter } from './filter.js';
import { recordWith, selects } from './fixture.js';
import { LONGEST_EXPRESSION } from './lexer.js';
import { DEEPEST, parseSql92 } from './parser.js';
import { Sql92Error } from './sql92-error.js';
import { WantedProperties } from './wanted-properties.js';

describe('a filter selects', () => {
  it.each<[expression: string, properties: Record<string, string>, selected: boolean]>([
    ['a > 5', { a: '6' }, true],
    ['a > 5', { a: '5' }, false],
    ['5 < a', { a: '6' }, true],
    ['a >= 5 AND a <= 7', { a: '7' }, true],
    ["a = 'x'", { a: 'x' }, true],
    ["a <> 'x'", { a: 'y' }, true],
    ["a = 'it''s'", { a: "it's" }, true],
    ["a = ''", { a: 'x' }, false],
    ['a = 5', { a: '+5' }, true],
    ['a = 5L', { a: '005' }, true],
    ['a = -5', { a: '-5' }, true],
    ['a > - -4', { a: '5' }, true],
    ['a > 1.5e1', { a: '15.5' }, true],
    ['a > .5 and a < 5.', { a: ' 3.5f ' }, true],
    ['a = 3000000000', { a: '3000000000' }, true],
    ['a < 9223372036854775807', { a: '9223372036854775806' }, true],
    ['a between 1 and 3', { a: '3' }, true],
    ['a not between 1 and 3', { a: '3' }, false],
    ['a NOT BETWEEN 1 AND 3', { a: '4' }, true],
    ['a BETWEEN low AND high', { a: '2', low: '1', high: '2.5' }, true],
    ["region IN ('cn', 'us')", { region: 'us' }, true],
    ["region NOT IN ('cn', 'us')", { region: 'us' }, false],
    ["region NOT IN ('cn', 'us')", { region: 'de' }, true],
    ["a CONTAINS 'bc'", { a: 'abcd' }, true],
    ["a NOT CONTAINS 'bc'", { a: 'abcd' }, false],
    ["a STARTSWITH 'ab'", { a: 'abcd' }, true],
    ["a NOT startswith 'ab'", { a: 'cd' }, true],
    ["a ENDSWITH 'cd'", { a: 'abcd' }, true],
    ["a NOT ENDSWITH 'cd'", { a: 'abcd' }, false],
    ['a = TRUE', { a: 'True' }, true],
    ['a = FALSE', { a: 'anything else' }, true],
    ['FALSE = a', { a: 'false' }, false],
    ['a > 0.0', { a: '1' }, true],
    ['TRUE', {}, true],
    ['a < b', { a: '9', b: '10' }, true],
    ['a = b', { a: '1', b: '1.0' }, false],
    ["TAGS = 'red' AND KEYS IS NOT NULL", { TAGS: 'red', KEYS: 'k' }, true],
    ['$a_1 = 1', { $a_1: '1' }, true],
    ['A = 1', { a: '1' }, false],
    ["name = 'Zoë 🍵'", { name: 'Zoë 🍵' }, true],
    ['a = 1 OR b = 2 AND c = 3', { a: '1' }, true],
    ['(a = 1 OR b = 2) AND c = 3', { a: '1' }, false],
    ['NOT (a = 1)', { a: '2' }, true],
    ['a = 1 -- one\n or /* two * / */ a = 2', { a: '2' }, true],
    ['(a > 1) = (b > 1)', { a: '2', b: '2' }, true],
    ['(a > 1) IS NULL', { b: '2' }, true],
  ])('%s of %j: %s', (expression, properties, selected) => {
    expect(selects(expression, properties)).toBe(selected);
  });

  it.each<[what: string, expression: string, selected: boolean]>([
    ['compares as unknown', 'none > 5', false],
    ['stays unknown when it is negated', 'NOT (none > 5)', false],
    ['is unknown for <>', "none <> 'x'", false],
    ['is unknown for IN and NOT IN', "none IN ('x') OR none NOT IN ('x')", false],
    ['does not count beside what is true', "none > 5 OR a = 'x'", true],
    ['outweighs what is true in AND', "none > 5 AND a = 'x'", false],
    ['is IS NULL', 'none IS NULL', true],
    ['is not IS NOT NULL', 'none IS NOT NULL', false],
    ['neither contains nor does not', "none CONTAINS 'x' OR none NOT CONTAINS 'x'", false],
    ['on the right alone makes = false, and so <> true, as in RocketMQ', "'x' <> none", true],
    ['on both sides is equal, as in RocketMQ', 'none = none2', true],
    ['with a minus is unknown', '-a IS NULL', true],
  ])('by the rules for what is missing: it %s', (_, expression, selected) => {
    expect(selects(expression, { a: 'x' })).toBe(selected);
  });

  it.each<[expression: string, selected: boolean]>([
    ['a > 5', false],
    ['NOT (a > 5)', false],
    ['a <> 5', false],
    ['a = 5 OR b = 2', false],
    ['b = 2 OR a = 5', true],
    ['b = 3 AND a = 5', false],
    ['a > c', false],
    ['(a > 5) IS NULL', false],
  ])(
    'nothing by a text that is no number of the other type, unless it was decided before: %s',
    (expression, selected) => {
      for (const a of ['x', '', '1.5', '2147483648', '0x1'])
        expect(selects(expression, { a: a || '-', b: '2', c: 'x' })).toBe(selected);
    },
  );

  it('nothing by a property where a condition is expected: texts are not TRUE', () => {
    expect(selects('a', { a: 'true' })).toBe(false);
    expect(selects('a OR b = 1', { a: 'true', b: '1' })).toBe(true);
  });
});

describe('an expression is refused', () => {
  it.each([
    ['', 'a property, a text, a number, TRUE, FALSE, NULL, NOT or ( expected, got the end at position 1'],
    ['a >', 'a property, a text, a number, TRUE, FALSE, NULL, NOT or ( expected, got the end at position 4'],
    ["a > 'x'", 'a number or a property expected, which have an order at position 5'],
    ['a = NULL', 'IS NULL expected instead of NULL at position 5'],
    ['TRUE = 1', 'TRUE or FALSE expected, as on the left at position 8'],
    ["a LIKE 'x'", 'an operator, AND, OR or the end expected, got the name LIKE at position 3'],
    ['a = 1 b', 'an operator, AND, OR or the end expected, got the name b at position 7'],
    ['a IS 1', 'NULL expected, got 1 at position 6'],
    ['a IN (1)', "a text in '…' expected, got 1 at position 7"],
    ["'a' IN ('a')", 'a property expected before IN at position 1'],
    ["a IN ('a'", ', or ) expected, got the end at position 10'],
    ['a NOT 1', 'BETWEEN, IN, CONTAINS, STARTSWITH or ENDSWITH after NOT expected, got 1 at position 7'],
    ['a BETWEEN 3 AND 1', 'the lower number expected before the higher one at position 11'],
    ["a BETWEEN 'a' AND 'b'", 'a number or a property expected, which have an order at position 11'],
    ['a BETWEEN 1, 2', 'AND expected, got , at position 12'],
    ['a > 1 > 2', 'a number or a property expected, which have an order at position 1'],
    [
      'a > 9223372036854775808',
      'a number that fits into 64 bits expected, got 9223372036854775808 at position 5',
    ],
    ['a > 1e400', 'a number that fits into a double expected, got 1e400 at position 5'],
    ['a > 1e-400', 'a number that fits into a double expected, got 1e-400 at position 5'],
    ['a = 007', 'a number without leading zeros expected, got 007 at position 5'],
    ['a = 1 OR 5', 'a condition expected, got a value at position 10'],
    ["a = 'x", "the closing ' is missing of the text at position 5"],
    ['a /* x', 'the closing */ is missing of the comment at position 3'],
    ['a != 1', 'unexpected character "!" at position 3'],
    ['(a = 1', ') expected, got the end at position 7'],
    ['a = 1)', 'an operator, AND, OR or the end expected, got ) at position 6'],
  ])('%s', (expression, message) => {
    expect(() => parseSql92(expression)).toThrow(
      new Sql92Error(message.replace(/ at position \d+$/, ''), Number(message.split(' ').at(-1)) - 1),
    );
  });

  it('that nests deeper than calls may, whatever nests, and never by an overflow', () => {
    const deep = (times: number): string[] => [
      `${'('.repeat(times)}a = 1${')'.repeat(times)}`,
      `${'NOT '.repeat(times)}a`,
      `a = ${'- '.repeat(times)}1`,
      `a${' IS NULL'.repeat(times)}`,
      `a${'=a'.repeat(times)}`,
      `a${" CONTAINS 'a'".repeat(times)}`,
      `${'('.repeat(times / 2)}a=a${'=a)'.repeat(times / 2)}`,
    ];
    for (const expression of deep(DEEPEST * 2)) expect(() => sql92Filter(expression)).toThrow(Sql92Error);
    for (const expression of deep(DEEPEST - 10)) expect(() => selects(expression, { a: '1' })).not.toThrow();
  });

  it('that is too long, before anything of it is read', () => {
    const long = `a = 1${' OR a = 2'.repeat(LONGEST_EXPRESSION)}`;
    expect(() => parseSql92(long)).toThrow(/at most 32768 characters expected/);
  });

  it('with one error, which is remembered', () => {
    const filters = new Sql92Filters();
    expect(filters.of('a >')).toBeInstanceOf(Sql92Error);
    expect(filters.of('a >')).toBe(filters.of('a >'));
    expect(filters.of('a > 1')).toBe(filters.of('a > 1'));
  });
});

describe('an expression of whatever text', () => {
  const pieces = [
    'a',
    'b',
    "'x'",
    "'",
    '5',
    '0.5',
    '1e9',
    '(',
    ')',
    ',',
    '=',
    '<>',
    '>=',
    '<',
    '-',
    '+',
    ' ',
    '\n',
    '--',
    '/*',
    '*/',
  ].concat(
    'NOT AND OR BETWEEN IN TRUE FALSE NULL IS CONTAINS STARTSWITH ENDSWITH'
      .split(' ')
      .map((word) => ` ${word} `),
  );
  const texts = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join('')),
  );

  it('is compiled and evaluated without an error, or refused with the one that says where', () => {
    fc.assert(
      fc.property(
        texts,
        fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', 'x', 'true')),
        (text, properties) => {
          try {
            expect(typeof selects(text, properties)).toBe('boolean');
          } catch (error) {
            if (!(error instanceof Sql92Error)) throw error;
            expect(error.message).toMatch(/ at position \d+$/);
          }
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it('with a long row of conditions works, and fewer messages are looked at with it', () => {
    const row = Array.from({ length: 2_000 }, (_, at) => `a = ${at}`).join(' OR ');
    expect(selects(row, { a: '1999' })).toBe(true);
    expect(sql92Filter(row).most).toBeLessThan(40);
    expect(sql92Filter('a = 1').most).toBe(800);
  });
});

it('properties are read from a record as from a text', () => {
  const parts = fc.array(fc.constantFrom('a', 'b', 'ab', 'é', '\u0001', '\u0002', 'a\u0001'), {
    maxLength: 14,
  });
  fc.assert(
    fc.property(parts, (pieces) => {
      const raw = pieces.join('');
      const all = parseProperties(raw);
      const wanted = new WantedProperties();
      const names = ['a', 'b', 'ab', 'ba', 'aa'];
      const slots = names.map((name) => wanted.slotOf(name));
      const { records, at } = recordWith(raw);
      wanted.look(records, at);
      expect(slots.map(wanted.valueOf)).toEqual(names.map((name) => all.get(name)));
    }),
    { numRuns: 500 },
  );
});
