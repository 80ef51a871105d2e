import { checkConsumerOptions } from '../consumer/check-options.js';
import type { ConsumerOptions } from '../consumer/consumer-options.js';
import type { HandlingContext } from '../consumer/handling.js';
import { InvalidOption } from '../errors.js';
import type { ReceivedMessage } from '../message.js';
import type { Selector } from '../selector.js';
import type { HandlerDefinition } from './decorators.js';
import type { HandlerCall } from './handler-call.js';
import type { HalfmqModuleOptions } from './options.js';

/** What all handlers of a group share, because they share one consumer. */
const SHARED = [
  'orderly',
  'model',
  'from',
  'maxReconsumeTimes',
  'timeout',
] as const satisfies (keyof HandlerDefinition)[];

/**
 * One consumer a group: its subscriptions are those of its handlers.
 * @throws InvalidOption when two handlers of a group want different consumers, or one that cannot be
 */
export function consumerGroups(
  calls: readonly HandlerCall[],
  concurrency: HalfmqModuleOptions['concurrency'],
): ConsumerOptions[] {
  const groups = new Map<string, HandlerCall[]>();
  for (const call of calls) {
    const { group } = call.handler.definition;
    groups.set(group, [...(groups.get(group) ?? []), call]);
  }
  refuseUnknownGroups(concurrency, groups);
  const consumers = [...groups].map(([group, members]) => ({
    ...shared(group, members),
    group,
    concurrency: typeof concurrency === 'object' ? concurrency[group] : concurrency,
    subscriptions: Object.fromEntries(
      members.map(({ handler }) => [handler.definition.topic.name, wanted(handler)]),
    ),
    handle: (message: ReceivedMessage, context: HandlingContext) =>
      dispatch(group, members, message, context),
  }));
  // now, not when a name server has answered: a mistake stops the start
  for (const consumer of consumers) checkConsumerOptions(consumer);
  return consumers;
}

function wanted({ definition, where }: HandlerCall['handler']): string | Selector {
  const { tag, selector } = definition;
  if (tag !== undefined && selector !== undefined)
    throw new InvalidOption(
      `${where} has both a tag and a selector: say it with one, sql("TAGS = '${tag}' AND …")`,
    );
  return selector ?? tag ?? '*';
}

async function dispatch(
  group: string,
  members: readonly HandlerCall[],
  message: ReceivedMessage,
  context: HandlingContext,
): Promise<void> {
  const call = members.find(({ handler }) => handler.definition.topic.name === message.topic);
  if (!call) throw new InvalidOption(`no handler of group ${group} for topic ${message.topic}`);
  await call.handle(message, context);
}

function shared(group: string, members: readonly HandlerCall[]): Partial<ConsumerOptions> {
  const entries = SHARED.flatMap((option) => {
    const said = members.filter(({ handler }) => handler.definition[option] !== undefined);
    const [first] = said;
    if (!first) return [];
    const value = first.handler.definition[option];
    const other = said.find(({ handler }) => String(handler.definition[option]) !== String(value));
    if (other) {
      throw new InvalidOption(
        `handlers of group ${group} disagree on ${option}: ${first.handler.where} says ${String(value)}, ` +
          `${other.handler.where} says ${String(other.handler.definition[option])}. They share one consumer`,
      );
    }
    return [[option, value] as const];
  });
  return Object.fromEntries(entries);
}

function refuseUnknownGroups(
  concurrency: HalfmqModuleOptions['concurrency'],
  groups: ReadonlyMap<string, unknown>,
): void {
  if (typeof concurrency !== 'object') return;
  for (const group of Object.keys(concurrency)) {
    if (groups.has(group)) continue;
    const known = [...groups.keys()].join(', ') || 'none';
    throw new InvalidOption(
      `concurrency names the group ${group}, which has no @MessageHandler; groups: ${known}`,
    );
  }
}
