import { propertyOf, PropertyName } from '@halfmq/remoting/record';
import type { HalfMessage } from '../message-store.js';
import type { Row } from './half-rows.js';

/** A half message as it was when it was asked for; its record is read only for what no row has. */
export class ShownHalf implements HalfMessage {
  readonly halfOffset: number;
  readonly physicalOffset: number;
  readonly producerGroup: string;
  readonly topic: string;
  readonly storeTimestamp: number;
  readonly state: 'pending' | 'parked';
  readonly checks: number;
  readonly nextCheckAt: number;
  readonly byUrl: boolean;
  private read: string | undefined;

  /** @param propertiesAt of the record at a physical offset; empty when it cannot be read */
  constructor(
    row: Row,
    private readonly propertiesAt: (physicalOffset: number) => string,
  ) {
    this.halfOffset = row.halfOffset;
    this.physicalOffset = row.physicalOffset;
    this.producerGroup = row.producerGroup;
    this.topic = row.topic;
    this.storeTimestamp = row.storeTimestamp;
    this.state = row.isParked ? 'parked' : 'pending';
    this.checks = row.checks;
    this.nextCheckAt = row.nextCheckAt;
    this.byUrl = row.isByUrl;
  }

  get uniqueKey(): string {
    return propertyOf(this.properties, PropertyName.UNIQ_KEY) ?? '';
  }

  get transactionId(): string | undefined {
    return propertyOf(this.properties, PropertyName.HALFMQ_TX);
  }

  private get properties(): string {
    return (this.read ??= this.propertiesAt(this.physicalOffset));
  }
}
