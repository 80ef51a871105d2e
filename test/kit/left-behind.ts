import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';

const MARK = 'HALFMQ_TEST_TRACE';

/**
 * Finds what a process of a test left behind. A mark in its environment is inherited by every process it starts,
 * so that they are found even when their parent is gone. Reads /proc: where there is none, nothing is found.
 */
export class Trace {
  private readonly mark = randomUUID();
  /** To be added to the environment of the process. */
  readonly env: Readonly<Record<string, string>> = { [MARK]: this.mark };

  /** One line for each living process with the mark: pid and command. */
  async processes(): Promise<string[]> {
    const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
    const lines = await Promise.all(pids.map((pid) => this.describe(pid)));
    return lines.filter((line) => line !== undefined);
  }

  private async describe(pid: string): Promise<string | undefined> {
    try {
      // empty for a zombie, which holds nothing any more
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
      if (!environment.includes(`${MARK}=${this.mark}`)) return undefined;
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
      return `${pid} ${command.replaceAll('\0', ' ').trim()}`;
    } catch {
      // gone meanwhile, or somebody else's
      return undefined;
    }
  }
}

/** Those of the ports on loopback that nobody else can listen on. */
export async function takenPorts(ports: readonly number[]): Promise<number[]> {
  const taken = await Promise.all(ports.map(isTaken));
  return ports.filter((_, index) => taken[index]);
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(true));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(false)));
  });
}
