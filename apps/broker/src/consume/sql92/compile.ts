import type { Expression, Order, Search } from './expression.js';
import { compareTextsAsDoubles, JavaNumber } from './java-number.js';

/** The properties of one message: by the number a name was given, undefined without. */
export type Values = (slot: number) => string | undefined;

/** A comparison that could not be made: RocketMQ throws there, and the message is not selected. It outweighs unknown. */
const FAILED = Symbol('failed');

/** What an expression is for a message; null: unknown. Properties are texts, numbers stand in the expression alone. */
type Value = string | boolean | JavaNumber | null | typeof FAILED;
type Evaluate = (values: Values) => Value;

export interface Compiled {
  /** Whether a message is selected: true alone does that, unknown does not. */
  readonly selects: (values: Values) => boolean;
  /** how many there are to be evaluated, at most */
  readonly parts: number;
}

/** @param slotOf gives each name its number */
export function compile(expression: Expression, slotOf: (name: string) => number): Compiled {
  const compiler = new Compiler(slotOf);
  const evaluate = compiler.of(expression);
  return { selects: (values) => evaluate(values) === true, parts: compiler.parts };
}

class Compiler {
  parts = 0;

  constructor(private readonly slotOf: (name: string) => number) {}

  of(expression: Expression): Evaluate {
    this.parts++;
    switch (expression.kind) {
      case 'property': {
        const slot = this.slotOf(expression.name);
        return (values) => values(slot) ?? null;
      }
      case 'constant': {
        const { value } = expression;
        return () => value;
      }
      case 'minus':
        return minus(this.of(expression.of));
      case 'and':
        return and(expression.terms.map((term) => this.of(term)));
      case 'or':
        return or(expression.terms.map((term) => this.of(term)));
      case 'not':
        return not(this.of(expression.of));
      case 'truth':
        return truth(this.of(expression.of));
      default:
        return this.comparison(expression);
    }
  }

  private comparison(
    expression: Extract<
      Expression,
      { kind: 'order' | 'equal' | 'between' | 'outside' | 'null' | 'in' | 'search' }
    >,
  ): Evaluate {
    switch (expression.kind) {
      case 'order':
        return ordered(expression.operator, this.of(expression.left), this.of(expression.right));
      case 'equal':
        return equal(this.of(expression.left), this.of(expression.right));
      case 'between':
        return both(this.of(expression.of), this.of(expression.low), this.of(expression.high));
      case 'outside':
        return either(this.of(expression.of), this.of(expression.low), this.of(expression.high));
      case 'null':
        return isNull(this.of(expression.of));
      case 'in':
        return isIn(this.of(expression.of), expression.texts, expression.not);
      default:
        return found(this.of(expression.of), SEARCH[expression.how], expression.text, expression.not);
    }
  }
}

/** -5 is a number; before anything else a minus makes it unknown. */
function minus(of: Evaluate): Evaluate {
  return (values) => {
    const value = of(values);
    if (value instanceof JavaNumber) return value.negated();
    return value === FAILED ? FAILED : null;
  };
}

function and(terms: readonly Evaluate[]): Evaluate {
  return (values) => {
    let all: Value = true;
    for (const term of terms) {
      const value = term(values);
      if (value === false || value === FAILED) return value;
      if (value === null) all = null;
    }
    return all;
  };
}

function or(terms: readonly Evaluate[]): Evaluate {
  return (values) => {
    let any: Value = false;
    for (const term of terms) {
      const value = term(values);
      if (value === true || value === FAILED) return value;
      if (value === null) any = null;
    }
    return any;
  };
}

function not(of: Evaluate): Evaluate {
  return (values) => {
    const value = of(values);
    return typeof value === 'boolean' ? !value : value;
  };
}

/** A text is never TRUE, also not the text 'true': only a comparison with TRUE makes one of it. */
function truth(of: Evaluate): Evaluate {
  return (values) => {
    const value = of(values);
    return typeof value === 'string' ? false : value;
  };
}

const HOLDS: Readonly<Record<Order, (order: number) => boolean>> = {
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
};

function ordered(operator: Order, left: Evaluate, right: Evaluate): Evaluate {
  const holds = HOLDS[operator];
  return (values) => {
    const first = left(values);
    return first === null ? null : compared(holds, first, right(values));
  };
}

function both(of: Evaluate, low: Evaluate, high: Evaluate): Evaluate {
  return (values) => {
    const value = of(values);
    if (value === null) return null;
    const above = compared(HOLDS['>='], value, low(values));
    if (above === false || above === FAILED) return above;
    const below = compared(HOLDS['<='], value, high(values));
    return above === null && below === true ? null : below;
  };
}

function either(of: Evaluate, low: Evaluate, high: Evaluate): Evaluate {
  return (values) => {
    const value = of(values);
    if (value === null) return null;
    const below = compared(HOLDS['<'], value, low(values));
    if (below === true || below === FAILED) return below;
    const above = compared(HOLDS['>'], value, high(values));
    return below === null && above === false ? null : above;
  };
}

function compared(holds: (order: number) => boolean, left: Value, right: Value): Value {
  if (left === FAILED) return FAILED;
  if (left === null || right === null) return null;
  const order = orderOf(left, right);
  return order === undefined ? FAILED : holds(order);
}

function orderOf(left: Value, right: Value): number | undefined {
  if (typeof left === 'string' && typeof right === 'string') return compareTextsAsDoubles(left, right);
  return numericOrder(left, right);
}

/** Undefined when one is neither a number nor a text of the other one's type. */
function numericOrder(left: Value, right: Value): number | undefined {
  if (left instanceof JavaNumber) {
    if (right instanceof JavaNumber) return left.compareTo(right);
    return typeof right === 'string' ? left.compareToText(right) : undefined;
  }
  if (!(right instanceof JavaNumber) || typeof left !== 'string') return undefined;
  const order = right.compareToText(left);
  return order === undefined ? undefined : -order;
}

/**
 * RocketMQ's rule for what is missing is not symmetric: on the left it makes the comparison unknown, on the right alone
 * false, on both sides true.
 */
function equal(left: Evaluate, right: Evaluate): Evaluate {
  return (values) => {
    const first = left(values);
    if (first === FAILED) return FAILED;
    const second = right(values);
    if (second === FAILED) return FAILED;
    if (first === null) return second === null ? true : null;
    return second === null ? false : same(first, second);
  };
}

function same(left: Value, right: Value): Value {
  if (typeof left === typeof right && !(left instanceof JavaNumber)) return left === right;
  // RocketMQ reads the text on the left alone as true or false, and throws for one on the right
  if (typeof left === 'boolean') return typeof right === 'string' ? FAILED : false;
  if (typeof right === 'boolean') return typeof left === 'string' && isTrue(left) === right;
  const order = numericOrder(left, right);
  return order === undefined ? FAILED : order === 0;
}

/** Boolean.valueOf: every text but `true`, in whatever letters, is FALSE. */
function isTrue(text: string): boolean {
  return text.toLowerCase() === 'true';
}

function isNull(of: Evaluate): Evaluate {
  return (values) => {
    const value = of(values);
    return value === FAILED ? FAILED : value === null;
  };
}

function isIn(of: Evaluate, texts: ReadonlySet<string>, not: boolean): Evaluate {
  return (values) => {
    const value = of(values);
    return typeof value === 'string' ? texts.has(value) !== not : null;
  };
}

const SEARCH: Readonly<Record<Search, (value: string, text: string) => boolean>> = {
  CONTAINS: (value, text) => value.includes(text),
  STARTSWITH: (value, text) => value.startsWith(text),
  ENDSWITH: (value, text) => value.endsWith(text),
};

/** Without a value, and for the empty text, neither the search nor its NOT holds: false, never unknown. */
function found(
  of: Evaluate,
  search: (value: string, text: string) => boolean,
  text: string,
  not: boolean,
): Evaluate {
  if (text === '') return () => false;
  return (values) => {
    const value = of(values);
    if (value === FAILED) return FAILED;
    return typeof value === 'string' && search(value, text) !== not;
  };
}
