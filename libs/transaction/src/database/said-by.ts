/** An ORM wraps what the database said, TypeORM as `driverError`, Drizzle as `cause`; so deep are they nested at most. */
const DEPTH = 5;

/** The error that has all these fields, among `error` and what it wraps: what the database itself has said. */
export function saidBy<Fields extends string>(
  error: unknown,
  ...fields: readonly Fields[]
): (Error & Readonly<Record<Fields, unknown>>) | undefined {
  let inner = error;
  for (let depth = 0; depth < DEPTH && inner instanceof Error; depth++) {
    const candidate = inner;
    if (fields.every((field) => field in candidate)) {
      return candidate as Error & Readonly<Record<Fields, unknown>>;
    }
    inner = 'driverError' in inner ? inner.driverError : inner.cause;
  }
  return undefined;
}
