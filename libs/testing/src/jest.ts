/**
 * `import '@halfmq/testing/jest'` in a test, or in jest's setupFilesAfterEnv: adds the matchers to the `expect` that is
 * there (jest's, or any with `expect.extend` as a global), and prints what happened at its brokers when a test fails.
 */
import { reportFailures } from './failed-test.js';
import { matchers, type Delivered } from './matchers.js';

interface Extendable {
  extend(matchers: object): void;
}

declare global {
  // where jest's types are installed they are merged with these
  // eslint-disable-next-line typescript/no-namespace
  namespace jest {
    interface Matchers<R, T = {}> extends Delivered<R, T> {}
  }
}

// it must be part of the program to be added to
export type { Matchers } from 'expect';

declare module 'expect' {
  interface Matchers<R extends void | Promise<void>, T = unknown> extends Delivered<R, T> {}
}

const { expect } = globalThis as { expect?: Extendable };
if (!expect)
  throw new Error('@halfmq/testing/jest is imported where no global `expect` is: use it inside a test');
expect.extend(matchers);
reportFailures();
