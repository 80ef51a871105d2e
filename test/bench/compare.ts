import type { Figure } from './measure.js';
import { percent, short, spreadText, table } from './report.js';
import { figures, ratios, spreadOf, type Samples } from './rounds.js';

const COMPARED: readonly [Figure, string][] = [
  ['perSecond', '/s'],
  ['cpuMicros', 'CPU us'],
  ['mainMicros', 'main thread us'],
  ['p99Ms', 'p99 ms'],
  ['startMs', 'ms'],
  ['memoryMb', 'MB'],
];

/** Two versions, row by row and figure by figure; the ratios are of neighbours in one round. */
export function comparison(samples: readonly Samples[], older: string, newer: string): string {
  const lines = samples.flatMap(({ name, sides }) =>
    COMPARED.filter(([figure]) => figures(sides[newer], figure).length > 0).map(([figure, unit]) => [
      `${name}, ${unit}`,
      ...[older, newer].map((side) => spreadText(spreadOf(figures(sides[side], figure)), short)),
      spreadText(spreadOf(ratios(sides[newer], sides[older], figure)), percent),
    ]),
  );
  return table([['', older, newer, `${newer} / ${older}`], ...lines]);
}
