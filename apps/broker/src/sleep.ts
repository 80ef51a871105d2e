/** A timer that sleeps longer would not notice that the wall clock was set, or the machine suspended. */
const LONGEST_SLEEP_MS = 30_000;

/** How long a timer sleeps for what is due by the wall clock in `ms`: whoever it wakes looks again. */
export const sleepMs = (ms: number): number => Math.min(Math.max(ms, 0), LONGEST_SLEEP_MS);
