import { LITE_PREFIX as PREFIX, LITE_SEPARATOR as SEPARATOR } from '@halfmq/remoting';
import type { GroupConfig } from './group-config.js';

/*
 * A lite topic is a topic of the store with one queue, under a name that nobody can give: `$` is no letter of a topic's
 * name (RocketMQ's LiteUtil).
 *
 *   %LMQ%$ topic $ lite topic
 */
const LEGAL = /^[a-zA-Z0-9_-]+$/;
/** bytes, see ProxyConfig */
export const LONGEST_LITE_TOPIC = 64;

export interface LiteParts {
  /** the topic it is one of */
  readonly topic: string;
  readonly liteTopic: string;
}

export const liteNameOf = (topic: string, liteTopic: string): string =>
  `${PREFIX}${topic}${SEPARATOR}${liteTopic}`;

/** Undefined: it is no lite topic's name. */
export function partsOfLite(name: string): LiteParts | undefined {
  if (!name.startsWith(PREFIX)) return undefined;
  const [topic = '', liteTopic = ''] = name.slice(PREFIX.length).split(SEPARATOR);
  return { topic, liteTopic };
}

/** The topic that clients know it by. */
export const shownTopicOf = (name: string): string => partsOfLite(name)?.topic ?? name;

export const isLegalLiteTopic = (liteTopic: string): boolean =>
  liteTopic.length <= LONGEST_LITE_TOPIC && LEGAL.test(liteTopic);

/** What a group's attributes say about lite topics. */
export interface LiteGroup {
  /** the one topic whose lite topics it reads; undefined: not said */
  readonly topic: string | undefined;
  /** a lite topic is one member's at a time */
  readonly exclusive: boolean;
  /** lite topics of one member */
  readonly quota: number;
  /** it begins anew with the member that takes a lite topic over; with one that has unsubscribed */
  readonly anewWhenTaken: boolean;
  readonly anewWhenLeft: boolean;
}

const QUOTA = 2_000;
/** what the contract's quota can say */
const NO_QUOTA = 2 ** 31 - 1;

export function liteGroupOf({ attributes }: Pick<GroupConfig, 'attributes'>): LiteGroup {
  const quota = Number(attributes['lite.sub.client.quota'] ?? QUOTA);
  return {
    topic: attributes['lite.bind.topic'],
    exclusive: attributes['lite.sub.model'] === 'Exclusive',
    quota: quota < 0 ? NO_QUOTA : Math.min(quota, NO_QUOTA),
    anewWhenTaken: attributes['lite.sub.reset.offset.exclusive'] === 'true',
    anewWhenLeft: attributes['lite.sub.reset.offset.unsubscribe'] === 'true',
  };
}
