import type { HalfMessage } from '../message-store.js';
import type { Row } from './half-rows.js';

/** A half message as it was when it was asked for. */
export class ShownHalf implements HalfMessage {
  readonly halfOffset: number;
  readonly physicalOffset: number;
  readonly producerGroup: string;
  readonly topic: string;
  readonly storeTimestamp: number;
  readonly state: 'pending' | 'parked';
  readonly checks: number;
  readonly nextCheckAt: number;

  constructor(
    row: Row,
    private readonly uniqueKeyAt: (physicalOffset: number) => string,
  ) {
    this.halfOffset = row.halfOffset;
    this.physicalOffset = row.physicalOffset;
    this.producerGroup = row.producerGroup;
    this.topic = row.topic;
    this.storeTimestamp = row.storeTimestamp;
    this.state = row.isParked ? 'parked' : 'pending';
    this.checks = row.checks;
    this.nextCheckAt = row.nextCheckAt;
  }

  get uniqueKey(): string {
    return this.uniqueKeyAt(this.physicalOffset);
  }
}
