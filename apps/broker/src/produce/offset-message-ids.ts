import { encodeOffsetMessageId, type Host } from '@halfmq/remoting';

/** Offset message ids of this broker: the part that names its address is made once. */
export class OffsetMessageIds {
  private readonly prefix: string;

  constructor(storeHost: Host) {
    this.prefix = encodeOffsetMessageId(storeHost, 0).slice(0, -16);
  }

  of(physicalOffset: number): string {
    return this.prefix + physicalOffset.toString(16).toUpperCase().padStart(16, '0');
  }
}
