import { StatusError } from '@halfmq/remoting';

interface Attribute {
  /** or the least and the largest number */
  readonly values: readonly string[] | readonly [number, number];
  readonly changeable: boolean;
}

/** TopicAttributes of RocketMQ, as far as they mean something here. */
const ATTRIBUTES: ReadonlyMap<string, Attribute> = new Map([
  [
    'message.type',
    {
      values: ['UNSPECIFIED', 'NORMAL', 'FIFO', 'DELAY', 'TRANSACTION', 'PRIORITY', 'LITE', 'MIXED'],
      changeable: true,
    },
  ],
  // a batch is stored message by message: those who read it cannot tell
  ['queue.type', { values: ['SimpleCQ', 'BatchCQ'], changeable: false }],
  // minutes; 30 days at most
  ['lite.topic.expiration', { values: [-1, 43_200], changeable: true }],
  ['cleanup.policy', { values: ['DELETE'], changeable: false }],
]);

type Attributes = Readonly<Record<string, string>>;

/**
 * Applies `+key=value,-key`; a new topic takes only `+`. Keys are stored bare.
 * @throws StatusError SYSTEM_ERROR, as RocketMQ answers it
 */
export function changeAttributes(before: Attributes | undefined, changes: string | undefined): Attributes {
  const after: Record<string, string> = { ...before };
  for (const change of (changes ?? '').split(',').map((part) => part.trim())) {
    if (change === '') continue;
    const [sign, key = '', value] = [change.charAt(0), ...change.slice(1).split('=')];
    const attribute = ATTRIBUTES.get(key);
    if (!attribute) throw refused(`unsupported key: ${key}`);
    if (before && key in before && !attribute.changeable)
      throw refused(`attempt to update an unchangeable attribute: ${key}`);
    if (sign === '+') after[key] = known(key, attribute, value);
    else if (sign === '-' && before && key in before) delete after[key];
    else throw refused(`attribute change ${change}: expected +key=value, or -key of a key that is set`);
  }
  return after;
}

function known(key: string, { values }: Attribute, value: string | undefined): string {
  const [first, last] = values;
  if (value !== undefined && typeof first === 'number') {
    if (/^-?\d{1,15}$/.test(value) && Number(value) >= first && Number(value) <= Number(last)) return value;
    throw refused(`attribute ${key} is ${value}, expected ${first} to ${last}`);
  }
  if (value !== undefined && values.some((each) => each === value)) return value;
  throw refused(`attribute ${key} is ${value ?? 'empty'}, expected ${values.join(', ')}`);
}

const refused = (detail: string): StatusError => new StatusError('SYSTEM_ERROR', detail);
