import type { FactoryProvider, InjectionToken } from '@nestjs/common';

/** A room is a plain class: its constructor's arguments are found by these tokens. */
export function room<A extends unknown[]>(
  type: new (...given: A) => object,
  ...inject: { [I in keyof A]: InjectionToken }
): FactoryProvider {
  return { provide: type, useFactory: (...given: A) => new type(...given), inject };
}
