/** What a heap may be larger at one moment than at another, with nothing kept. */
const NOISE_BYTES = 48 * 1024 * 1024;

/**
 * Whether memory grows as long as something goes on: the middle of its last third against that of the third before, so
 * that a heap that finds its size, or is about to be collected, does not count.
 * @returns by how much; undefined when it does not
 */
export function grown(samples: readonly number[]): number | undefined {
  const third = Math.floor(samples.length / 3);
  const more = middle(samples.slice(-third)) - middle(samples.slice(-2 * third, -third));
  return third > 0 && more > NOISE_BYTES ? more : undefined;
}

function middle(samples: readonly number[]): number {
  return samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)] ?? 0;
}
