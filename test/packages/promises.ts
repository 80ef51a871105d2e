/** What was kept and broken so far: each is said as it is known. */
export const outcome = { passed: 0, failed: 0, skipped: 0 };
export const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** @returns what it came to; undefined when it was broken */
export async function promise<T>(what: string, keep: () => Promise<T> | T): Promise<T | undefined> {
  const began = performance.now();
  try {
    const value = await keep();
    outcome.passed++;
    print(`ok      ${what} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
    return value;
  } catch (error) {
    outcome.failed++;
    print(`FAILED  ${what}\n${(error as Error).message}`);
    return undefined;
  }
}
