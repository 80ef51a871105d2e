/** For test runners without an `expect` of their own, as node:test: that of the package `expect`, with the matchers. */
import { expect } from 'expect';
import { matchers, type Delivered } from './matchers.js';

declare module 'expect' {
  interface Matchers<R extends void | Promise<void>, T = unknown> extends Delivered<R, T> {}
}

expect.extend(matchers);
export { expect };
