import type { JavaNumber } from './java-number.js';

export type Order = '>' | '>=' | '<' | '<=';
export type Search = 'CONTAINS' | 'STARTSWITH' | 'ENDSWITH';

/** A parsed expression; `at`: where it begins in the text. */
export type Expression = { readonly at: number } & (
  | { readonly kind: 'property'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: string | boolean | JavaNumber | null }
  | { readonly kind: 'minus'; readonly of: Expression }
  | Condition
);

/** What is true, false or unknown. */
export type Condition = { readonly at: number } & (
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Expression[] }
  | { readonly kind: 'not'; readonly of: Expression }
  /** a property where a condition is expected */
  | { readonly kind: 'truth'; readonly of: Expression }
  | {
      readonly kind: 'order';
      readonly operator: Order;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'equal'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'between'; readonly of: Expression; readonly low: Expression; readonly high: Expression }
  | { readonly kind: 'outside'; readonly of: Expression; readonly low: Expression; readonly high: Expression }
  | { readonly kind: 'null'; readonly of: Expression }
  | {
      readonly kind: 'in';
      readonly of: Expression;
      readonly texts: ReadonlySet<string>;
      readonly not: boolean;
    }
  | {
      readonly kind: 'search';
      readonly how: Search;
      readonly of: Expression;
      readonly text: string;
      readonly not: boolean;
    }
);
