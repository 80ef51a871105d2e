/** An expression that is none: what was expected, and where (the first character is 1). */
export class Sql92Error extends Error {
  override readonly name = 'Sql92Error';

  constructor(
    what: string,
    /** 0 = the first character */
    at: number,
  ) {
    super(`${what} at position ${at + 1}`);
  }
}
