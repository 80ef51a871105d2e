import { StatusError } from '@halfmq/remoting';

type Attributes = Readonly<Record<string, string>>;

const FLAG = /^(true|false)$/;
/** SubscriptionGroupAttributes of RocketMQ, as far as they mean something here: what each may be. */
const ATTRIBUTES: ReadonlyMap<string, RegExp> = new Map([
  ['lite.bind.topic', /^[%|a-zA-Z0-9_-]{1,127}$/],
  ['lite.sub.model', /^(Shared|Exclusive)$/],
  ['lite.sub.client.quota', /^(-1|\d{1,9})$/],
  ['lite.sub.reset.offset.exclusive', FLAG],
  ['lite.sub.reset.offset.unsubscribe', FLAG],
]);

/**
 * What a group has after `+key` → value and `-key` → anything were applied; keys without a sign are all it has. Those that mean
 * nothing here are kept.
 * @throws StatusError SYSTEM_ERROR, as RocketMQ answers it
 */
export function changedAttributes(before: Attributes, given: Attributes): Attributes {
  const entries = Object.entries(given);
  const isWhole = entries.some(([key]) => !/^[+-]/.test(key));
  const after: Record<string, string> = isWhole ? {} : { ...before };
  for (const [key, value] of entries) {
    const name = key.replace(/^[+-]/, '');
    if (key.startsWith('-')) delete after[name];
    else after[name] = known(name, value);
  }
  return after;
}

function known(name: string, value: string): string {
  const expected = ATTRIBUTES.get(name);
  if (!expected || expected.test(value)) return value;
  throw new StatusError('SYSTEM_ERROR', `attribute ${name} is ${value}, expected ${expected.source}`);
}
