const tasks = new Set<() => void>();

process.once('exit', () => {
  for (const task of tasks) task();
});
// a bench that is stopped leaves no server and no folder behind
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

/** @returns how to take it back, once it is not needed */
export function atExit(task: () => void): () => void {
  tasks.add(task);
  return () => tasks.delete(task);
}
