import type { DataFolder } from './data-folder.js';
import type { FleetView } from './messages.js';

/** The table of what runs where, as printed once everything is up. */
export function overview(fleet: FleetView, url: string, folder: DataFolder): string {
  const rows = fleet.processes.map(({ name, where, pid }) => [name, String(pid ?? '-'), where]);
  const widest = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const line = ([name = '', pid = '', where = '']: string[]): string =>
    `  ${name.padEnd(widest(0))}  ${pid.padStart(Math.max(widest(1), 3))}  ${where}`;
  return [
    '',
    `  HalfMQ shop is open: ${url}`,
    '',
    line(['process', 'pid', 'where']),
    ...rows.map(line),
    '',
    `  mode    ${fleet.mode}`,
    `  data    ${folder.path}${folder.throwaway ? ' (removed at the end)' : ''}`,
    `  logs    ${folder.path}/logs`,
    '',
    '  Ctrl-C stops all of it.',
    '',
  ].join('\n');
}
