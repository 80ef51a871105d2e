/** Rows of text in columns, each as wide as its widest cell; numbers end where the column ends. */
export function columns(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [heads, ...rows.map((row) => row.map(text))];
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const isNumber = heads.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        isNumber[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return cells.map(line).join('\n');
}

/** Names and what they are, one a line. */
export function facts(pairs: Readonly<Record<string, string | undefined>>): string {
  const known = Object.entries(pairs).filter(([, value]) => value !== undefined);
  const width = Math.max(...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${name.padEnd(width)}  ${value ?? ''}`).join('\n');
}

const text = (cell: string | number): string => (typeof cell === 'number' ? grouped(cell) : cell);

/** 1,234,567 */
export function grouped(number: number): string {
  return String(number).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** 1.2 GiB */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const amount = bytes / 1024 ** step;
  return `${step === 0 ? amount : amount.toFixed(1)} ${units[step] ?? ''}`;
}

/** `one segment`, `2 segments` */
export const counted = (count: number, word: string): string =>
  count === 1 ? `one ${word}` : `${grouped(count)} ${word}s`;
