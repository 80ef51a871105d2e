/** A queue grew: told after the commit. */
export interface Arrival {
  readonly topic: string;
  readonly queueId: number;
  /** of the first message of this group in this queue, and after its last */
  readonly from: number;
  readonly maxOffset: number;
  readonly tagsCodes: readonly number[];
}
