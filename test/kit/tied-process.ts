import type { ChildProcess } from 'node:child_process';

const LOG_LIMIT = 64 * 1024;

/**
 * Runs a program until the input of its parent ends, then sends it the signal: a test run that is killed takes its
 * servers along.
 */
export function untilInputEnds(signal: 'INT' | 'TERM', program: readonly string[]): [string, ...string[]] {
  const script = `exec 3<&0; "$@" & child=$!; (cat <&3 >/dev/null; kill -${signal} $child) 2>/dev/null & wait $child`;
  return ['sh', '-c', script, 'sh', ...program];
}

/** The last of what a process has said. */
export function keepOutput(child: ChildProcess): () => string {
  let output = '';
  const take = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-LOG_LIMIT);
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  return () => output;
}
