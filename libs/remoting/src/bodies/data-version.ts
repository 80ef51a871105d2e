import type { Clock } from '../clock.js';
import { BodyReader } from './body-reader.js';
import { jsonBody } from './json-text.js';

/** How far a table has come; equal only when all three are. Before 5.0 there is no stateVersion: it reads as 0. */
export interface DataVersion {
  readonly counter: number;
  readonly stateVersion: number;
  /** ms since 1970 */
  readonly timestamp: number;
}

export const FIRST_DATA_VERSION: DataVersion = { counter: 0, stateVersion: 0, timestamp: 0 };

export function nextDataVersion(version: DataVersion, clock: Clock): DataVersion {
  return { ...version, counter: version.counter + 1, timestamp: clock.now() };
}

export function sameDataVersion(a: DataVersion, b: DataVersion): boolean {
  return a.counter === b.counter && a.stateVersion === b.stateVersion && a.timestamp === b.timestamp;
}

export function readDataVersion(reader: BodyReader): DataVersion {
  return {
    counter: reader.number('counter', 0),
    stateVersion: reader.number('stateVersion', 0),
    timestamp: reader.number('timestamp', 0),
  };
}

/** Body of QUERY_DATA_VERSION and of its answer. */
export function encodeDataVersion(version: DataVersion): Buffer {
  return jsonBody(version);
}

export function decodeDataVersion(body: Buffer): DataVersion {
  return readDataVersion(BodyReader.of('DataVersion', body));
}
