/** Where a log goes on. */
export interface LogEnd {
  readonly physicalOffset: number;
  readonly crc: number;
  readonly epoch: number;
  readonly storeTimestamp: number;
  readonly segmentBytes: number;
}
