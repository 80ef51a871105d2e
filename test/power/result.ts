import { writeFileSync } from 'node:fs';

export interface Outcome {
  passed: number;
  failed: number;
  skipped: number;
}

/** As jest writes it, so that CI counts all results in one way. */
export function writeResult({ passed, failed, skipped }: Outcome, file?: string): void {
  process.exitCode = failed > 0 ? 1 : 0;
  if (file === undefined) return;
  const result = {
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: skipped,
    numTodoTests: 0,
    numRuntimeErrorTestSuites: 0,
  };
  writeFileSync(file, JSON.stringify(result));
}
