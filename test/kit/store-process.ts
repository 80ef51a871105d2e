/**
 * A process that works on a store until it is killed: appends, half messages and verdicts, delayed messages. Prints a
 * line for each answer it got, after it got it:
 *   stored QUEUE QUEUE_OFFSET BODY    half HALF_OFFSET    decided HALF_OFFSET commit|rollback    delivered BODY
 */
import { openStore } from '@halfmq/store';
import { say, Work, workOptions } from './store-work.js';

const [, , path, flush] = process.argv;
if (path) {
  const options = workOptions(path, { flush: flush === 'SYNC_FLUSH' ? 'SYNC_FLUSH' : 'ASYNC_FLUSH' });
  openStore(options)
    .then((store) => {
      say('open');
      new Work(store).go();
    })
    .catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 3;
    });
}
