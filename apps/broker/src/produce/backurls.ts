import {
  formatProperties,
  parseProperties,
  PropertyName,
  propertyOf,
  StatusError,
  SysFlag,
  withoutProperty,
} from '@halfmq/remoting';
import type { MessageStore, NewMessage } from '@halfmq/store';
import { SystemTopic } from '../directory/topic-names.js';
import type { Outbound } from '../outbound/outbound.js';
import { mustBeSecrets } from '../outbound/signature.js';
import type { PostedMessage } from './given-message.js';
import { Seal } from './seal.js';

/** Where a message is POSTed, and what its request is signed with. */
export interface Backurl {
  readonly url: string;
  readonly secrets: readonly string[];
}

/** Of the message alone: its copy lies somewhere else, and waits for nothing. */
const NOT_COPIED = [
  PropertyName.HALFMQ_BACKURL,
  PropertyName.REAL_TOPIC,
  PropertyName.REAL_QID,
  PropertyName.DELAY,
  PropertyName.TIMER_DELAY_SEC,
  PropertyName.TIMER_DELAY_MS,
  PropertyName.TIMER_DELIVER_MS,
  PropertyName.TIMER_OUT_MS,
];

/**
 * Messages that come with an address to be POSTed to. The address is a property, sealed, as long as nobody can receive the
 * message: while it is half, or waits for its time. When it becomes visible the property leaves, and a copy that has it is
 * appended right behind the message, in the same append, to a topic of the broker's own; from there it is pushed. So it is
 * POSTed when it is visible and never before, and no consumer, retry or forwarded message carries the address on.
 */
export class Backurls {
  private readonly seal: Seal;
  private copied: () => void = () => undefined;

  constructor(
    store: Pick<MessageStore, 'settings'>,
    private readonly outbound: Pick<Outbound, 'callable'>,
  ) {
    this.seal = new Seal(store);
  }

  /** @param copied called with each copy, before it is stored */
  onCopy(copied: () => void): void {
    this.copied = copied;
  }

  /** As it is stored with the message; empty without an address. @throws StatusError INVALID_PARAMETER */
  propertyOf({ backurl, secret }: PostedMessage): string {
    if (backurl === undefined) {
      if (secret === undefined) return '';
      throw new StatusError('INVALID_PARAMETER', 'secret is given without backurl');
    }
    const secrets = secret === undefined ? [] : [secret];
    mustBeSecrets(secrets);
    const { href } = this.outbound.callable('backurl', backurl);
    const where: Backurl = { url: href, secrets };
    return formatProperties([[PropertyName.HALFMQ_BACKURL, this.seal.close(JSON.stringify(where))]]);
  }

  /** What is appended of a message that becomes visible: itself without its address, and the copy that is POSTed. */
  visible(message: NewMessage): readonly NewMessage[] {
    const { properties } = message;
    if (!properties.includes(PropertyName.HALFMQ_BACKURL)) return [message];
    const sealed = propertyOf(properties, PropertyName.HALFMQ_BACKURL);
    const own = { ...message, properties: withoutProperty(properties, PropertyName.HALFMQ_BACKURL) };
    // one that was not made here is nobody's address
    if (sealed === undefined || this.seal.open(sealed) === undefined) return [own];
    this.copied();
    return [own, copyOf(message, sealed)];
  }

  /** Of a copy; undefined: it is none, or its seal is broken. */
  of(properties: string): Backurl | undefined {
    const sealed = propertyOf(properties, PropertyName.HALFMQ_POST);
    const text = sealed === undefined ? undefined : this.seal.open(sealed);
    return text === undefined ? undefined : (JSON.parse(text) as Backurl);
  }
}

function copyOf(message: NewMessage, sealed: string): NewMessage {
  const properties = parseProperties(message.properties);
  for (const name of NOT_COPIED) properties.delete(name);
  // as if it came again: it says where it belongs, also among the dead letters
  properties.set(PropertyName.RETRY_TOPIC, message.topic);
  properties.set(PropertyName.HALFMQ_POST, sealed);
  return {
    ...message,
    topic: SystemTopic.BACKURL,
    queueId: 0,
    sysFlag: message.sysFlag & ~SysFlag.TRANSACTION_MASK,
    preparedTransactionOffset: 0,
    properties: formatProperties(properties),
  };
}
