import { TestBroker } from './test-broker.js';

/** What is used of jest-circus, which keeps the running test with what it failed with as a global. */
interface CircusState {
  readonly currentlyRunningTest?: { readonly errors: readonly unknown[] } | null;
}

type Hook = (act: () => void) => void;

interface Hooks {
  readonly beforeEach?: Hook;
  readonly afterEach?: Hook;
}

/** jest tells nobody inside of a test file that a test has failed; elsewhere than in jest-circus there is no such global. */
const CIRCUS = 'JEST_STATE_SYMBOL';

/** Matchers print it themselves. */
const TOLD = 'what happened:\n';

/** After each test that failed, prints what happened at the brokers that lived in it. */
export function reportFailures(
  { beforeEach, afterEach }: Hooks = globalThis as Hooks,
  print: (text: string) => void = toStandardError,
): void {
  if (!beforeEach || !afterEach) return;
  const brokers = new Set<TestBroker>();
  TestBroker.listeners.add((broker) => brokers.add(broker));
  beforeEach(() => {
    for (const broker of brokers) if (broker.isClosed) brokers.delete(broker);
  });
  afterEach(() => {
    const errors = state()?.currentlyRunningTest?.errors ?? [];
    const told = errors.some((error) => textOf(error).includes(TOLD));
    if (errors.length > 0 && !told) for (const broker of brokers) print(`${broker.report()}\n`);
  });
}

function state(): CircusState | undefined {
  const globals = globalThis as Record<symbol, unknown>;
  const symbol = Object.getOwnPropertySymbols(globals).find(({ description }) => description === CIRCUS);
  return symbol === undefined ? undefined : (globals[symbol] as CircusState);
}

/** jest keeps [what was thrown, where]. */
function textOf(entry: unknown): string {
  const thrown: unknown = Array.isArray(entry) ? entry[0] : entry;
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function toStandardError(text: string): void {
  process.stderr.write(text);
}
