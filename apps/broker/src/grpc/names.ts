import { StatusError } from '@halfmq/remoting';
import { isLegalGroup, isSystemGroup, validateTopicName } from '../directory/topic-names.js';
import type { Brokers } from './brokers.js';
import { Refusal } from './codes.js';
import type { Maybe, Resource } from './contract.js';

/** RocketMQ's limits at this door (GrpcValidator). */
const LONGEST_TOPIC = 127;
const LONGEST_GROUP = 120;

/** @throws Refusal ILLEGAL_TOPIC */
export function topicOf(resource: Maybe<Resource>, brokers: Pick<Brokers, 'isSystem'>): string {
  const name = resource?.name ?? '';
  try {
    validateTopicName(name, LONGEST_TOPIC);
  } catch (error) {
    if (error instanceof StatusError) throw new Refusal('ILLEGAL_TOPIC', error.message);
    throw error;
  }
  if (brokers.isSystem(name))
    throw new Refusal('ILLEGAL_TOPIC', `topic ${name} is the broker's own, choose another name`);
  return name;
}

/** @throws Refusal ILLEGAL_CONSUMER_GROUP */
export function groupOf(resource: Maybe<Resource>): string {
  const name = resource?.name ?? '';
  if (name.length > LONGEST_GROUP || !isLegalGroup(name))
    throw new Refusal(
      'ILLEGAL_CONSUMER_GROUP',
      `a consumer group of 1 to ${LONGEST_GROUP} letters of %|a-zA-Z0-9_- expected, got "${name.slice(0, LONGEST_GROUP)}"`,
    );
  if (isSystemGroup(name))
    throw new Refusal('ILLEGAL_CONSUMER_GROUP', `group ${name} is the broker's own, choose another name`);
  return name;
}
