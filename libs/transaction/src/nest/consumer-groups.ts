import { checkConsumerOptions } from '../consumer/check-options.js';
import type { AnyConsumerOptions, ConsumerSettings } from '../consumer/consumer-options.js';
import type { HandlesBatches, HandlesOne } from '../consumer/handling.js';
import { InvalidOption } from '../errors.js';
import type { ReceivedMessage } from '../message.js';
import type { Selector } from '../selector.js';
import type { HandlerDefinition } from './decorators.js';
import type { HandlerCall } from './handler-call.js';
import type { HalfmqModuleOptions } from './options.js';

/** What all handlers of a group share, because they share one consumer. */
const SHARED = [
  'order',
  'by',
  'invisibleTime',
  'concurrency',
  'model',
  'from',
  'retry',
  'maxReconsumeTimes',
  'onPoison',
  'timeout',
] as const satisfies (keyof HandlerDefinition)[];

/**
 * One consumer a group: its subscriptions are those of its handlers.
 * @throws InvalidOption when two handlers of a group want different consumers, or one that cannot be
 */
export function consumerGroups(
  calls: readonly HandlerCall[],
  concurrency: HalfmqModuleOptions['concurrency'],
): AnyConsumerOptions[] {
  const groups = new Map<string, HandlerCall[]>();
  for (const call of calls) {
    const { group } = call.handler.definition;
    groups.set(group, [...(groups.get(group) ?? []), call]);
  }
  refuseUnknownGroups(concurrency, groups);
  const consumers = [...groups].map(([group, members]): AnyConsumerOptions => {
    const settings = shared(group, members);
    return {
      ...settings,
      group,
      concurrency: concurrencyOf(group, settings.concurrency, concurrency),
      subscriptions: Object.fromEntries(
        members.map(({ handler }) => [handler.definition.topic.name, wanted(handler)]),
      ),
      ...handling(group, members),
    };
  });
  // now, not when a name server has answered: a mistake stops the start
  for (const consumer of consumers) checkConsumerOptions(consumer);
  return consumers;
}

/** The more specific goes before: what the module says of just this group, what its handlers say, what the module says of all. */
function concurrencyOf(
  group: string,
  ofHandlers: number | undefined,
  ofModule: HalfmqModuleOptions['concurrency'],
): number | undefined {
  if (typeof ofModule === 'object') return ofModule[group] ?? ofHandlers;
  return ofHandlers ?? ofModule;
}

function wanted({ definition, where }: HandlerCall['handler']): string | Selector {
  const { tag, selector } = definition;
  if (tag !== undefined && selector !== undefined)
    throw new InvalidOption(
      `${where} has both a tag and a selector: say it with one, sql("TAGS = '${tag}' AND …")`,
    );
  return selector ?? tag ?? '*';
}

/** What calls the handlers, one message at a time or several: all of a group are alike in that. */
function handling(group: string, members: readonly HandlerCall[]): HandlesOne | HandlesBatches {
  const [first] = members;
  const batch = first?.handler.definition.batch;
  const other = members.find(({ handler }) => handler.definition.batch !== batch);
  if (first && other) throw disagreement(group, 'batch', first, other);
  if (batch === undefined)
    return { handle: async (message, context) => callFor(group, members, message).handle(message, context) };
  return {
    batch,
    // of one queue, and what comes again comes alone: never of two topics
    handle: async (messages, context) => {
      const [message] = messages;
      if (message) await callFor(group, members, message).handleBatch(messages, context);
    },
  };
}

function callFor(group: string, members: readonly HandlerCall[], { topic }: ReceivedMessage): HandlerCall {
  const call = members.find(({ handler }) => handler.definition.topic.name === topic);
  if (!call) throw new InvalidOption(`no handler of group ${group} for topic ${topic}`);
  return call;
}

function disagreement(
  group: string,
  option: (typeof SHARED)[number] | 'batch',
  one: HandlerCall,
  other: HandlerCall,
): InvalidOption {
  const says = ({ handler }: HandlerCall): string =>
    `${handler.where} says ${String(handler.definition[option])}`;
  return new InvalidOption(
    `handlers of group ${group} disagree on ${option}: ${says(one)}, ${says(other)}. They share one consumer`,
  );
}

function shared(group: string, members: readonly HandlerCall[]): Partial<ConsumerSettings> {
  const entries = SHARED.flatMap((option) => {
    const said = members.filter(({ handler }) => handler.definition[option] !== undefined);
    const [first] = said;
    if (!first) return [];
    const value = first.handler.definition[option];
    const other = said.find(({ handler }) => String(handler.definition[option]) !== String(value));
    if (other) throw disagreement(group, option, first, other);
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
