export interface Percentiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

/** Every latency of a load, without an allocation each. */
export class Latencies {
  private readonly all: Float64Array;
  private count = 0;

  constructor(most: number) {
    this.all = new Float64Array(most);
  }

  add(ms: number): void {
    this.all[this.count++] = ms;
  }

  percentiles(): Percentiles {
    const sorted = this.all.subarray(0, this.count).sort();
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
    return { p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999) };
  }
}
