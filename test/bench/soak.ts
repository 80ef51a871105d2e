import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../kit/ports.js';
import { diskBytes } from './disk.js';
import { sends } from './frames.js';
import { runPaced } from './load.js';
import { plot, type Curve } from './plot.js';
import { spreadOf } from './rounds.js';
import { node, startServer } from './server.js';
import { script, type Servers } from './servers.js';

/** A steady load for a long time, with retention at work: is it in the end what it was in the beginning? */

const SAMPLE_S = 5;
const SHARE_OF_PEAK = 0.7;
const SHAPE = { connections: 8, window: 1024, frames: sends };
const FLAT = 0.1;
/** sends a second that are due when nobody waits */
const AT_ONCE = 10_000_000;

interface Sample {
  readonly minutes: number;
  readonly perSecond: number;
  readonly p99Ms: number;
  /** without pages of the segments, of which the kernel keeps as many as it has room for */
  readonly memoryMb: number;
  readonly heapMb: number;
  readonly diskGb: number;
}

/** @param seconds of load @returns what is to be printed, and whether all stayed flat */
export async function soak(
  servers: Servers,
  seconds: number,
  svg: string,
  onSample: (sample: Sample) => void,
): Promise<{ text: string; flat: boolean }> {
  const folder = servers.emptyFolder('soak');
  mkdirSync(join(folder, 'store'));
  const port = await freePort();
  // what is kept is a tenth of the soak, and a minute at most, so that unlinking is most of the time at work
  const retention = Math.min(1, seconds / 600);
  const server = await startServer(
    node(port, script('soak-broker'), [String(port), folder, String(retention)]),
  );
  try {
    const pace = SHARE_OF_PEAK * (await peak(port));
    const samples: Sample[] = [];
    const begun = performance.now();
    while (performance.now() - begun < seconds * 1000) {
      const total = Math.round(pace * SAMPLE_S);
      const { perSecond, p99Ms } = await runPaced({ ...SHAPE, targets: [server], total }, pace);
      const minutes = (performance.now() - begun) / 60_000;
      const heapMb = Number(readFileSync(join(folder, 'heap'), 'utf8')) / 1024 ** 2;
      const sizes = { memoryMb: server.ownMemoryMb(), heapMb, diskGb: diskBytes(folder) / 1e9 };
      samples.push({ minutes, perSecond, p99Ms, ...sizes });
      onSample({ minutes, perSecond, p99Ms, ...sizes });
    }
    writeFileSync(svg, plot(`${Math.round(pace).toLocaleString('en-US')} sends/s`, curvesOf(samples)));
    return judged(samples);
  } finally {
    await server.stop();
  }
}

/**
 * Sends a second that it can take from this load generator, which watches the time of each send and costs a core; median
 * of five loads after one to warm up. Each is some seconds long: shorter ones end before the disk has taken what they
 * wrote, and no machine holds 70 % of such a burst for half an hour.
 */
async function peak(port: number): Promise<number> {
  const rates: number[] = [];
  for (let round = 0; round < 6; round++) {
    const { perSecond } = await runPaced({ ...SHAPE, targets: [{ port }], total: 1_000_000 }, AT_ONCE);
    if (round > 0) rates.push(perSecond);
  }
  return spreadOf(rates)?.median ?? 0;
}

const curvesOf = (samples: readonly Sample[]): Curve[] => {
  const curve = (name: string, of: (sample: Sample) => number): Curve => ({
    name,
    points: samples.map((sample) => [sample.minutes, of(sample)]),
  });
  return [
    curve('sends/s', ({ perSecond }) => perSecond),
    curve('p99, ms', ({ p99Ms }) => p99Ms),
    curve('memory, MB', ({ memoryMb }) => memoryMb),
    curve('heap, MB', ({ heapMb }) => heapMb),
    curve('disk, GB', ({ diskGb }) => diskGb),
  ];
};

/** The last third beside the second one, by medians: the first fills the disk up to the retention time. */
function judged(samples: readonly Sample[]): { text: string; flat: boolean } {
  const third = Math.floor(samples.length / 3);
  const ratio = (of: (sample: Sample) => number): number => {
    const median = (part: readonly Sample[]): number => spreadOf(part.map(of))?.median ?? 0;
    return median(samples.slice(2 * third)) / median(samples.slice(third, 2 * third));
  };
  const lines = [
    {
      name: 'throughput',
      is: ratio(({ perSecond }) => perSecond),
      flat: (is: number) => Math.abs(is - 1) <= FLAT,
    },
    { name: 'p99', is: ratio(({ p99Ms }) => p99Ms), flat: (is: number) => is <= 1 + FLAT },
    { name: 'memory', is: ratio(({ memoryMb }) => memoryMb), flat: (is: number) => is <= 1 + FLAT },
    { name: 'disk', is: ratio(({ diskGb }) => diskGb), flat: (is: number) => is <= 1 + FLAT },
  ].map(({ name, is, flat }) => ({ name, is, flat: flat(is) }));
  const text = lines.map(({ name, is, flat }) => {
    const change = `${is >= 1 ? '+' : ''}${((is - 1) * 100).toFixed(1)} %`;
    return `${name}: last third beside the second ${change}${flat ? ', flat' : ', NOT flat'}\n`;
  });
  return { text: text.join(''), flat: lines.every(({ flat }) => flat) };
}
