import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** After all tests: fails the run when a process or a folder of it is left. Processes are found where there is /proc. */
export default function end() {
  const folder = tmpdir();
  const left = [...processes(`HALFMQ_TEST_RUN=${process.env['HALFMQ_TEST_RUN']}`), ...readdirSync(folder)];
  rmSync(folder, { recursive: true, force: true });
  if (left.length > 0) throw new Error(`the tests left behind:\n${left.join('\n')}`);
}

/** @param {string} mark */
function processes(mark) {
  return pids().flatMap((pid) => {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark)) return [];
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return isWorker(command) ? [] : [`${pid} ${command}`];
    } catch {
      // gone meanwhile, or somebody else's
      return [];
    }
  });
}

function pids() {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  } catch {
    return [];
  }
}

/** Jest ends its own processes after this. @param {string} command */
function isWorker(command) {
  return command.includes('jest-worker') || command === '';
}
