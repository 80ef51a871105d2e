const INTERRUPTED = 130;

/** Something that runs until it is closed; closing drains it. */
export interface Running {
  close(): Promise<void>;
}

/**
 * Runs a server until SIGINT or SIGTERM, then closes it in order and ends the process with 0. A second signal ends
 * it at once, with 130. SIGHUP is left alone, so that `nohup halfmq broker &` works.
 * @throws what `start` throws; a signal that comes before it has ended takes effect after it
 */
export async function serve(start: () => Promise<Running>): Promise<void> {
  const asked = firstSignal();
  const running = await start();
  await asked;
  await running.close();
  process.exit(0);
}

function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let signals = 0;
    const heard = (): void => {
      signals++;
      if (signals > 1) process.exit(INTERRUPTED);
      process.stderr.write('stopping, when what was accepted is answered (Ctrl-C once more ends at once)\n');
      resolve();
    };
    process.on('SIGINT', heard);
    process.on('SIGTERM', heard);
  });
}
