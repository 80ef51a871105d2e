/** Where a value stands: a file's line, an option, an environment variable, or nowhere (the default). */
export interface Origin {
  readonly kind: 'option' | 'environment' | 'file' | 'default';
  /** File path or variable name. */
  readonly name?: string;
  /** From 1; of a file. */
  readonly line?: number;
}

/** A setting that cannot be used, in one line: where it stands, what was expected, what was found. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly file: string | undefined;
  readonly line: number | undefined;

  constructor(
    readonly origin: Origin,
    detail: string,
  ) {
    super(`${describeOrigin(origin)}: ${detail}`);
    this.file = origin.kind === 'file' ? origin.name : undefined;
    this.line = origin.line;
  }
}

/** `broker.conf:12`, `HALFMQ_LISTEN_PORT`, `option`, `default`. */
export function describeOrigin(origin: Origin): string {
  if (origin.name === undefined) return origin.kind;
  return origin.line === undefined ? origin.name : `${origin.name}:${origin.line}`;
}
