import type { Figure } from '../measure.js';
import { percent, spreadText, table } from '../report.js';
import { figures, ratios, spreadOf, type Samples } from '../rounds.js';

const SHOWN: readonly { figure: Figure; unit: string; less?: boolean }[] = [
  { figure: 'perSecond', unit: '/s' },
  { figure: 'cpuMicros', unit: 'CPU us', less: true },
  { figure: 'p50Ms', unit: 'p50 ms', less: true },
  { figure: 'p99Ms', unit: 'p99 ms', less: true },
  { figure: 'startMs', unit: 'start ms', less: true },
  { figure: 'memoryMb', unit: 'MB', less: true },
];

const EVEN = 1.005;

/** Ours beside each peer; `behind` where theirs is better, by the median of the rounds' ratios. */
export function peerReport(samples: readonly Samples[]): string {
  const lines = samples.flatMap(({ name, sides }) =>
    Object.entries(sides)
      .filter(([side]) => side !== 'ours')
      .flatMap(([peer, theirs]) =>
        SHOWN.flatMap(({ figure, unit, less = false }) => {
          const mine = sides['ours'] ?? [];
          const ratio = spreadOf(ratios(mine, theirs, figure));
          if (!ratio) return [];
          // at a steady rate both take what comes
          const behind = less ? ratio.median > EVEN : ratio.median < 1 / EVEN;
          const [ours, peers] = [mine, theirs].map((each) => spreadText(spreadOf(figures(each, figure))));
          return [
            [
              `${name}, ${unit}`,
              ours ?? '',
              peer,
              peers ?? '',
              spreadText(ratio, percent),
              behind ? 'behind' : '',
            ],
          ];
        }),
      ),
  );
  return table([['', 'ours', 'peer', 'theirs', 'ours / theirs', ''], ...lines]);
}
