/** At once where it can be. */
export type Soon<T> = T | Promise<T>;
