import { formatProperties, parseProperties, PropertyName, SysFlag } from '@halfmq/remoting';
import { InvalidOption } from './errors.js';
import type { ClientHook, Ending, HandOut, Recalling, Sending, SendingMessage, Sent } from './hook.js';
import type { Namespace } from './namespace.js';
import type { WireMessage } from './producer/outgoing.js';

const DELAYS = [
  PropertyName.DELAY,
  PropertyName.TIMER_DELAY_MS,
  PropertyName.TIMER_DELAY_SEC,
  PropertyName.TIMER_DELIVER_MS,
];

type Deliver<T> = (messages: readonly WireMessage[]) => Promise<T>;

/** The hooks of a client, one around the other. They see the names its user knows. */
export class Hooks {
  constructor(
    private readonly hooks: readonly ClientHook[],
    private readonly names: Namespace,
  ) {}

  readonly consume: HandOut = (delivery, handle) =>
    nested(this.of('consume'), (hook, proceed) => hook(delivery, proceed), handle);

  endTransaction(ending: Ending, bring: () => Promise<void>): Promise<void> {
    const shown = this.shown(ending);
    return nested(this.of('endTransaction'), (hook, proceed) => hook(shown, proceed), bring);
  }

  recall(recalling: Recalling, ask: () => Promise<string>): Promise<string> {
    const shown = this.shown(recalling);
    return nested(this.of('recall'), (hook, proceed) => hook(shown, proceed), ask);
  }

  /**
   * @param deliver brings the messages as the hooks have left them
   * @param told what hooks hear of its result; undefined where nobody knows
   */
  async send<T>(
    messages: readonly WireMessage[],
    group: string,
    deliver: Deliver<T>,
    told: (result: T) => Sent | undefined,
  ): Promise<T> {
    const [first] = messages;
    const named = this.shown({ group, topic: first?.topic ?? '' });
    const sending: Sending = { ...named, messages: messages.map((message) => sendingMessage(message)) };
    let ended: { readonly result: T } | undefined;
    await nested(
      this.of('send'),
      (hook, proceed) => hook(sending, proceed),
      async () => {
        const result = await deliver(
          messages.map((message, index) => ({
            ...message,
            properties: formatProperties(sending.messages[index]?.properties ?? []),
          })),
        );
        ended = { result };
        return told(result);
      },
    );
    if (!ended) throw new InvalidOption('a hook of the client has neither sent the message nor thrown');
    return ended.result;
  }

  private shown<T extends { readonly group: string; readonly topic: string }>(what: T): T {
    return { ...this.names.unwrapped(what), group: this.names.unwrap(what.group) };
  }

  private of<Name extends keyof ClientHook>(name: Name): NonNullable<ClientHook[Name]>[] {
    return this.hooks.flatMap((hook) => {
      const act = hook[name];
      return act ? [act.bind(hook) as NonNullable<ClientHook[Name]>] : [];
    });
  }
}

function nested<Hook, T>(
  hooks: readonly Hook[],
  call: (hook: Hook, proceed: () => Promise<T>) => Promise<T>,
  act: () => Promise<T>,
): Promise<T> {
  return hooks.reduceRight<() => Promise<T>>((proceed, hook) => () => call(hook, proceed), act)();
}

function sendingMessage({ uniqueKey, body, sysFlag, properties: raw }: WireMessage): SendingMessage {
  const properties = parseProperties(raw);
  const isHalf = (sysFlag & SysFlag.TRANSACTION_PREPARED) !== 0;
  return {
    messageId: uniqueKey,
    tag: properties.get(PropertyName.TAGS),
    keys: properties.get(PropertyName.KEYS)?.split(' ').filter(Boolean) ?? [],
    type: isHalf ? 'half' : typeOf(properties),
    bodyBytes: body.length,
    properties,
  };
}

function typeOf(properties: ReadonlyMap<string, string>): SendingMessage['type'] {
  if (DELAYS.some((name) => properties.has(name))) return 'delayed';
  return properties.has(PropertyName.SHARDING_KEY) ? 'ordered' : 'normal';
}
