import { parseArgs, type ParseArgsConfig } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<Of extends Options> = ReturnType<typeof parseArgs<{ options: Of }>>['values'];

/** What was typed behind a command of this workspace. */
export interface CommandLine<Of extends Options> {
  readonly values: Values<Of>;
  /** none, unless they are allowed */
  readonly positionals: readonly string[];
  /** Ends the command where this is no whole number from `least` (0) on: a slip of the pen must not pass as nothing to do. */
  whole(name: keyof Of & string, least?: number): number;
  /** The same for a number above zero. */
  positive(name: keyof Of & string): number;
  /** The same for one of these words; undefined where the option is not there. */
  oneOf<Word extends string>(name: keyof Of & string, words: readonly Word[]): Word | undefined;
}

type How = Pick<ParseArgsConfig, 'args' | 'allowPositionals'>;

/**
 * Prints `help` for --help and ends; says what is wrong with an option that does not exist, with exit code 2.
 * @param options as parseArgs takes them
 */
export function commandLine<const Of extends Options>(
  help: string,
  options: Of,
  how: How = {},
): CommandLine<Of> {
  const { values, positionals } = parsed(options, how);
  if (values['help'] === true) {
    process.stdout.write(`${help}\n`);
    process.exit(0);
  }
  const wrong = (name: string, expected: string): never =>
    refuse(`--${name}: ${expected} expected, got ${String(values[name])}`);
  return {
    values: values as Values<Of>,
    positionals,
    whole(name, least = 0) {
      const number = Number(values[name]);
      if (values[name] !== '' && Number.isSafeInteger(number) && number >= least) return number;
      return wrong(name, `a whole number from ${least} on`);
    },
    positive: (name) => (Number(values[name]) > 0 ? Number(values[name]) : wrong(name, 'a number above 0')),
    oneOf(name, words) {
      const found = words.find((word) => word === values[name]);
      return found ?? (values[name] === undefined ? undefined : wrong(name, words.join(' or ')));
    },
  };
}

function parsed(
  options: Options,
  how: How,
): { values: Readonly<Record<string, unknown>>; positionals: readonly string[] } {
  try {
    return parseArgs({ ...how, options: { ...options, help: { type: 'boolean', short: 'h' } } });
  } catch (error) {
    return refuse((error as Error).message.split('\n', 1)[0] ?? '');
  }
}

/** Ends the command, with exit code 2. */
export function refuse(why: string): never {
  process.stderr.write(`${why}\n--help tells what there is\n`);
  process.exit(2);
}
