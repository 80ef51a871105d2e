import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { selects } from './fixture.js';

/*
 * A second evaluator, written from RocketMQ's rules as plainly as can be: trees with their values, exceptions where Java
 * throws. Trees are printed in many ways, and what the compiled expression selects must be what this one says.
 */

type Properties = Readonly<Record<string, string>>;
type Num = { readonly type: 'int' | 'long' | 'double'; readonly text: string };
type Operand =
  | { readonly is: 'property'; readonly name: string }
  | { readonly is: 'number'; readonly number: Num }
  | { readonly is: 'text'; readonly text: string };
type Tree =
  | {
      readonly is: 'order' | 'equal';
      readonly operator: string;
      readonly left: Operand;
      readonly right: Operand;
    }
  | {
      readonly is: 'between';
      readonly of: Operand;
      readonly low: Num;
      readonly high: Num;
      readonly not: boolean;
    }
  | { readonly is: 'in'; readonly name: string; readonly texts: readonly string[]; readonly not: boolean }
  | {
      readonly is: 'search';
      readonly how: string;
      readonly name: string;
      readonly text: string;
      readonly not: boolean;
    }
  | { readonly is: 'null'; readonly of: Operand | Tree; readonly not: boolean }
  | { readonly is: 'literal'; readonly value: boolean | null }
  | { readonly is: 'truth'; readonly name: string }
  | { readonly is: 'not'; readonly of: Tree }
  | { readonly is: 'and' | 'or'; readonly left: Tree; readonly right: Tree };

class NotComparable extends Error {}

function numberOf(text: string, type: Num['type']): number | bigint {
  const whole = /^[+-]?\d+$/.test(text);
  if (type === 'double' ? !/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) : !whole)
    throw new NotComparable();
  if (type === 'double') return Number(text);
  const value = BigInt(text);
  const bits = type === 'int' ? 31n : 63n;
  if (value < -(2n ** bits) || value >= 2n ** bits) throw new NotComparable();
  return value;
}

function compareAs(type: Num['type'], left: string, right: string): number {
  const [one, other] = [numberOf(left, type), numberOf(right, type)];
  return one < other ? -1 : one > other ? 1 : 0;
}

/** A text, or a number with its type; null without. */
function valueOf(operand: Operand, properties: Properties): string | Num | null {
  if (operand.is === 'property') return properties[operand.name] ?? null;
  return operand.is === 'number' ? operand.number : operand.text;
}

function order(left: string | Num, right: string | Num): number {
  if (typeof left === 'string' && typeof right === 'string') return compareAs('double', left, right);
  if (typeof left === 'string') return compareAs((right as Num).type, left, (right as Num).text);
  if (typeof right === 'string') return compareAs(left.type, left.text, right);
  const isDouble = left.type === 'double' || right.type === 'double';
  return compareAs(isDouble ? 'double' : 'long', left.text, right.text);
}

function holds(operator: string, by: number): boolean {
  return operator.includes('=') && by === 0
    ? true
    : operator.includes('<')
      ? by < 0
      : operator.includes('>') && by > 0;
}

function compared(operator: string, left: string | Num | null, right: string | Num | null): boolean | null {
  return left === null || right === null ? null : holds(operator, order(left, right));
}

function equal(left: string | Num | null, right: string | Num | null): boolean | null {
  if (left === null) return right === null ? true : null;
  if (right === null) return false;
  return typeof left === 'string' && typeof right === 'string' ? left === right : order(left, right) === 0;
}

function negated(value: boolean | null): boolean | null {
  return value === null ? null : !value;
}

function both(left: boolean | null, right: () => boolean | null): boolean | null {
  if (left === false) return false;
  const other = right();
  return other === false ? false : left === null || other === null ? null : true;
}

function evaluate(tree: Tree, properties: Properties): boolean | null {
  const of = (operand: Operand): string | Num | null => valueOf(operand, properties);
  switch (tree.is) {
    case 'literal':
      return tree.value;
    case 'truth':
      return properties[tree.name] === undefined ? null : false;
    case 'order':
      return compared(tree.operator, of(tree.left), of(tree.right));
    case 'equal': {
      const isEqual = equal(of(tree.left), of(tree.right));
      return tree.operator === '=' ? isEqual : negated(isEqual);
    }
    case 'between': {
      const value = of(tree.of);
      // NOT BETWEEN a AND b is < a OR > b, and that is NOT (NOT < a AND NOT > b)
      return tree.not
        ? negated(
            both(negated(compared('<', value, tree.low)), () => negated(compared('>', value, tree.high))),
          )
        : both(compared('>=', value, tree.low), () => compared('<=', value, tree.high));
    }
    case 'in': {
      const value = properties[tree.name];
      return value === undefined ? null : tree.texts.includes(value) !== tree.not;
    }
    case 'search': {
      const value = properties[tree.name];
      if (value === undefined || tree.text === '') return false;
      const at = value.indexOf(tree.text);
      const found = {
        CONTAINS: at >= 0,
        STARTSWITH: at === 0,
        ENDSWITH: value.slice(-tree.text.length) === tree.text,
      };
      return found[tree.how as keyof typeof found] !== tree.not;
    }
    case 'null': {
      const value = isOperand(tree.of) ? of(tree.of) : evaluate(tree.of, properties);
      return (value === null) !== tree.not;
    }
    case 'not':
      return negated(evaluate(tree.of, properties));
    case 'and':
      return both(evaluate(tree.left, properties), () => evaluate(tree.right, properties));
    default: {
      const not = (one: Tree): boolean | null => negated(evaluate(one, properties));
      return negated(both(not(tree.left), () => not(tree.right)));
    }
  }
}

/** What RocketMQ does with an exception: the message is not selected. */
function expected(tree: Tree, properties: Properties): boolean {
  try {
    return evaluate(tree, properties) === true;
  } catch (error) {
    if (error instanceof NotComparable) return false;
    throw error;
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

function printOperand(operand: Operand): string {
  if (operand.is === 'property') return operand.name;
  return operand.is === 'number' ? operand.number.text : quoted(operand.text);
}

/** Everything that has parts in parentheses: how operators bind is the other specification's. */
function print(tree: Tree): string {
  const not = 'not' in tree && tree.not ? 'NOT ' : '';
  switch (tree.is) {
    case 'literal':
      return tree.value === null ? 'NULL' : String(tree.value);
    case 'truth':
      return tree.name;
    case 'order':
    case 'equal':
      return `${printOperand(tree.left)} ${tree.operator} ${printOperand(tree.right)}`;
    case 'between':
      return `${printOperand(tree.of)} ${not}BETWEEN ${tree.low.text} AND ${tree.high.text}`;
    case 'in':
      return `${tree.name} ${not}in (${tree.texts.map(quoted).join(', ')})`;
    case 'search':
      return `${tree.name} ${not}${tree.how} ${quoted(tree.text)}`;
    case 'null':
      return `${isOperand(tree.of) ? printOperand(tree.of) : `(${print(tree.of)})`} IS ${not}NULL`;
    case 'not':
      return `Not (${print(tree.of)})`;
    default:
      return `(${print(tree.left)}) ${tree.is.toUpperCase()} (${print(tree.right)})`;
  }
}

function isOperand(of: Operand | Tree): of is Operand {
  return of.is === 'property' || of.is === 'number' || of.is === 'text';
}

const names = fc.constantFrom('a', 'b', 'c', '$d_1');
const words = fc.constantFrom('1', '2', '-3', '2.5', '4000000000', '', 'x', "x'y", 'xyx', 'true', '1e1', 'é');
const numbers: fc.Arbitrary<Num> = fc.oneof(
  fc.integer({ min: -4, max: 4 }).map((value) => ({ type: 'int' as const, text: String(value) })),
  fc.constantFrom('4000000000', '-4000000000').map((text) => ({ type: 'long' as const, text })),
  fc.constantFrom('2.5', '-3.0', '1.', '.5', '1e1').map((text) => ({ type: 'double' as const, text })),
);
const property = names.map((name): Operand => ({ is: 'property', name }));
const numeric = fc.oneof(
  property,
  numbers.map((number): Operand => ({ is: 'number', number })),
);
const operand = fc.oneof(
  numeric,
  words.map((text): Operand => ({ is: 'text', text })),
);

function trees(depth: number): fc.Arbitrary<Tree> {
  const not = fc.boolean();
  const leaves: fc.Arbitrary<Tree>[] = [
    fc.record({
      is: fc.constant('order' as const),
      operator: fc.constantFrom('<', '<=', '>', '>='),
      left: numeric,
      right: numeric,
    }),
    fc.record({
      is: fc.constant('equal' as const),
      operator: fc.constantFrom('=', '<>'),
      left: operand,
      right: operand,
    }),
    fc
      .record({ is: fc.constant('between' as const), of: property, low: numbers, high: numbers, not })
      .filter(({ low, high }) => order(low, high) <= 0),
    fc.record({
      is: fc.constant('in' as const),
      name: names,
      texts: fc.array(words, { minLength: 1, maxLength: 6 }),
      not,
    }),
    fc.record({
      is: fc.constant('search' as const),
      how: fc.constantFrom('CONTAINS', 'STARTSWITH', 'ENDSWITH'),
      name: names,
      text: words,
      not,
    }),
    fc.record({ is: fc.constant('literal' as const), value: fc.constantFrom(true, false, null) }),
    fc.record({ is: fc.constant('truth' as const), name: names }),
  ];
  if (depth === 0) return fc.oneof(...leaves);
  const inner = trees(depth - 1);
  return fc.oneof(
    ...leaves,
    fc.record({ is: fc.constant('null' as const), of: fc.oneof(operand, inner), not }),
    fc.record({ is: fc.constant('not' as const), of: inner }),
    fc.record({ is: fc.constantFrom('and' as const, 'or' as const), left: inner, right: inner }),
    fc.record({ is: fc.constantFrom('and' as const, 'or' as const), left: inner, right: inner }),
  );
}

it('compiled expressions select what a plain evaluator selects', () => {
  const properties = fc.dictionary(
    names,
    words.filter((word) => word !== ''),
  );
  let selected = 0;
  fc.assert(
    fc.property(trees(4), properties, (tree, has) => {
      const wanted = expected(tree, has);
      if (wanted) selected++;
      expect([print(tree), selects(print(tree), has)]).toEqual([print(tree), wanted]);
    }),
    { numRuns: 2_000 },
  );
  expect(selected).toBeGreaterThan(200);
});
