const INTERRUPTED = 130;

/**
 * The first Ctrl-C (or SIGTERM) stops in order and ends with 0; a second one ends everything at once.
 * Answers the function that takes the listeners away again.
 */
export function onStopSignals(
  log: (line: string) => void,
  stop: () => Promise<void>,
  kill: () => void,
): () => void {
  let asked = false;
  const heard = (): void => {
    if (asked) {
      kill();
      process.exit(INTERRUPTED);
    }
    asked = true;
    log('Stopping … (once more ends at once)');
    // Listeners stay until the process ends, so that the second signal still reaches us.
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log(`Could not stop in order: ${String(error)}`);
        kill();
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', heard);
  process.on('SIGTERM', heard);
  return () => {
    if (asked) return;
    process.off('SIGINT', heard);
    process.off('SIGTERM', heard);
  };
}
