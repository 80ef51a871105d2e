import { systemClock } from '@halfmq/transaction';
import { startPostgres } from './postgres.js';

/**
 * Keeps PostgreSQL for the supervisor: PostgreSQL itself would not notice that its parent is gone. Arguments: data folder,
 * port, `throwaway` or `kept`. SIGTERM stops it in order; so does the end of the supervisor, only faster.
 */
const [folder = '', port = '', keeping = ''] = process.argv.slice(2);

const server = await startPostgres({
  folder,
  port: Number(port),
  throwaway: keeping === 'throwaway',
  clock: systemClock,
  log: (line) => process.stdout.write(`${line}\n`),
});
let asked = false;

// SIGINT is PostgreSQL's fast shutdown: roll back what is open, then end. SIGQUIT ends at once; the log repairs it.
process.on('SIGTERM', () => {
  asked = true;
  server.kill('SIGINT');
});
process.once('exit', () => server.kill('SIGQUIT'));
server.once('exit', () => process.exit(asked ? 0 : 1));
process.send?.({ kind: 'ready' });
