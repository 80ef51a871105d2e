export interface Curve {
  readonly name: string;
  /** minutes, value */
  readonly points: readonly (readonly [number, number])[];
}

const WIDTH = 860;
const STRIP = 120;
const LEFT = 150;
const TOP = 40;
const GAP = 24;

/** One strip a curve, each from zero to its own greatest value, over the same minutes. */
export function plot(title: string, curves: readonly Curve[]): string {
  const last = Math.max(...curves.flatMap(({ points }) => points.map(([minutes]) => minutes)));
  const height = TOP + curves.length * (STRIP + GAP) + 20;
  const x = (minutes: number): string => (LEFT + (minutes / last) * (WIDTH - LEFT - 20)).toFixed(1);
  const strips = curves.map((curve, nth) => strip(curve, TOP + nth * (STRIP + GAP), x));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    `<text x="${LEFT}" y="24" font-size="15">${title}, ${last.toFixed(0)} minutes</text>`,
    ...strips,
    '</svg>\n',
  ].join('\n');
}

function strip({ name, points }: Curve, top: number, x: (minutes: number) => string): string {
  const most = Math.max(...points.map(([, value]) => value)) || 1;
  const y = (value: number): string => (top + STRIP - (value / most) * STRIP).toFixed(1);
  const line = points.map(([minutes, value]) => `${x(minutes)},${y(value)}`).join(' ');
  const label = most >= 100 ? Math.round(most).toLocaleString('en-US') : most.toFixed(2);
  return [
    `<rect x="${LEFT}" y="${top}" width="${WIDTH - LEFT - 20}" height="${STRIP}" fill="#f4f6f8"/>`,
    `<text x="${LEFT - 10}" y="${top + STRIP / 2}" text-anchor="end">${name}</text>`,
    `<text x="${LEFT - 10}" y="${top + 12}" text-anchor="end" fill="#667">${label}</text>`,
    `<text x="${LEFT - 10}" y="${top + STRIP}" text-anchor="end" fill="#667">0</text>`,
    `<polyline points="${line}" fill="none" stroke="#1f6feb" stroke-width="1.5"/>`,
  ].join('\n');
}
