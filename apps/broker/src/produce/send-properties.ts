import {
  PropertyName,
  createUniqueKey,
  parseProperties,
  formatProperties,
  propertyOf,
} from '@halfmq/remoting';
import type { Clock, PropertyBytes } from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import { ended, entry } from './half.js';

/** What a send's properties become before they are stored. */
export interface SentProperties {
  readonly properties: string;
  readonly uniqueKey: string;
}

/**
 * The broker's own properties: UNIQ_KEY where the producer gave none, MSG_REGION, TRACE_ON and CLUSTER; POP_CK is taken
 * out. A message that was delivered once and is sent again already carries them: then the string is read in full,
 * otherwise it is only searched and appended to.
 */
export class BrokerProperties {
  private readonly own: readonly (readonly [string, string])[];
  private readonly suffix: string;
  private readonly suffixBytes: Buffer;

  constructor(
    config: BrokerConfig,
    private readonly clock: Clock,
  ) {
    this.own = [
      [PropertyName.MSG_REGION, config.regionId],
      [PropertyName.TRACE_ON, String(config.traceOn)],
      [PropertyName.CLUSTER, config.brokerClusterName],
    ];
    this.suffix = this.own.map(([name, value]) => entry(name, value)).join('');
    this.suffixBytes = Buffer.from(this.suffix);
  }

  /** What `add` does, to properties that carry a UNIQ_KEY and none of the broker's own. */
  addTo(plain: PropertyBytes): void {
    plain.append(this.suffixBytes);
  }

  add(raw: string): SentProperties {
    if (raw.includes(PropertyName.MSG_REGION) || raw.includes(PropertyName.POP_CK)) return this.addAnew(raw);
    const given = propertyOf(raw, PropertyName.UNIQ_KEY);
    const uniqueKey = given ?? createUniqueKey(this.clock);
    const key = given === undefined ? entry(PropertyName.UNIQ_KEY, uniqueKey) : '';
    return { properties: ended(raw) + key + this.suffix, uniqueKey };
  }

  private addAnew(raw: string): SentProperties {
    const properties = parseProperties(raw);
    properties.delete(PropertyName.POP_CK);
    const uniqueKey = properties.get(PropertyName.UNIQ_KEY) ?? createUniqueKey(this.clock);
    properties.set(PropertyName.UNIQ_KEY, uniqueKey);
    for (const [name, value] of this.own) properties.set(name, value);
    return { properties: formatProperties(properties), uniqueKey };
  }
}
