import {
  bodyCrc,
  decodeRecord,
  formatHost,
  parseProperties,
  shownBody,
  type MessageRecord,
} from '@halfmq/remoting/record';

/** A record for people: hosts as text, properties by name. */
export interface DescribedRecord extends Omit<
  MessageRecord,
  'bornHost' | 'storeHost' | 'properties' | 'body'
> {
  readonly bornHost: string;
  readonly storeHost: string;
  readonly properties: Readonly<Record<string, string>>;
  /** inflated, where it can be */
  readonly body: Buffer;
  readonly storedBodyLength: number;
  readonly bodyCrcHolds: boolean;
}

export function describeRecord(bytes: Buffer): DescribedRecord {
  const record = decodeRecord(bytes);
  const bodyCrcHolds = bodyCrc(record.body) === record.bodyCrc;
  return {
    ...record,
    bornHost: formatHost(record.bornHost),
    storeHost: formatHost(record.storeHost),
    properties: Object.fromEntries(parseProperties(record.properties)),
    body: bodyCrcHolds ? shownBody(record) : record.body,
    storedBodyLength: record.body.length,
    bodyCrcHolds,
  };
}
