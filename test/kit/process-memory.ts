import { readFileSync } from 'node:fs';

/**
 * One line of what the system says of a process's memory: Rss, Pss, Pss_Anon, ...
 * @returns bytes; undefined when the process has ended
 */
export function processMemory(pid: number | 'self', line: string): number | undefined {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    const kilobytes = new RegExp(`^${line}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}
