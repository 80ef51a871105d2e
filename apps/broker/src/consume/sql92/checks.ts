import type { Expression } from './expression.js';
import { JavaNumber } from './java-number.js';
import { Sql92Error } from './sql92-error.js';

/*
 * What RocketMQ refuses although its grammar would let it pass (ComparisonExpression of its filter module). A number
 * with a minus is no constant to it, and is not looked at.
 */

type Of<K extends Expression['kind']> = Extract<Expression, { readonly kind: K }>;

/** @throws Sql92Error for a number or a text */
export function truthOf(expression: Expression): Expression {
  if (expression.kind === 'property') return { kind: 'truth', of: expression, at: expression.at };
  if (isCondition(expression)) return expression;
  throw new Sql92Error('a condition expected, got a value', expression.at);
}

/** @throws Sql92Error for NULL, and for TRUE or FALSE with another constant */
export function mayBeEqual(equal: Of<'equal'>): Expression {
  const { left, right } = equal;
  for (const { kind, value, at } of [left, right].filter(isConstant))
    if (kind === 'constant' && value === null) throw new Sql92Error('IS NULL expected instead of NULL', at);
  if (isConstant(left) && isConstant(right) && typeof left.value === 'boolean' && !isCondition(right))
    throw new Sql92Error(`TRUE or FALSE expected, as on the left`, right.at);
  return equal;
}

/** @throws Sql92Error unless both are numbers or what may become one */
export function mayBeCompared(order: Of<'order'>): Expression {
  refuseUnordered(order.left);
  refuseUnordered(order.right);
  return order;
}

/** @throws Sql92Error unless all three are numbers or what may become one, the lower first */
export function mayBeRange(range: Of<'between' | 'outside'>): Expression {
  const { of, low, high } = range;
  for (const one of [of, low, high]) refuseUnordered(one);
  const [least, most] = [numberOf(low), numberOf(high)];
  if (range.kind === 'between' && least && most && least.compareTo(most) > 0)
    throw new Sql92Error('the lower number expected before the higher one', low.at);
  return range;
}

function refuseUnordered(expression: Expression): void {
  if (isCondition(expression) || (isConstant(expression) && !numberOf(expression)))
    throw new Sql92Error('a number or a property expected, which have an order', expression.at);
}

function isCondition(expression: Expression): boolean {
  if (isConstant(expression)) return expression.value === null || typeof expression.value === 'boolean';
  return expression.kind !== 'property' && expression.kind !== 'minus';
}

function isConstant(expression: Expression): expression is Of<'constant'> {
  return expression.kind === 'constant';
}

function numberOf(expression: Expression): JavaNumber | undefined {
  return isConstant(expression) && expression.value instanceof JavaNumber ? expression.value : undefined;
}
