/**
 * A name that begins so, `%LMQ%$topic$lite`, is that of a small topic of another one, as in RocketMQ. In a store of ours it
 * means that its messages are found by key under the topic, too.
 */
export const LITE_PREFIX = '%LMQ%$';
export const LITE_SEPARATOR = '$';
