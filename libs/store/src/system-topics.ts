/** Topics whose records the store understands. */
export const HALF_TOPIC = 'RMQ_SYS_TRANS_HALF_TOPIC';
export const OP_TOPIC = 'RMQ_SYS_TRANS_OP_HALF_TOPIC';
/** Topics whose records wait for their time. */
export const SCHEDULE_TOPICS: ReadonlySet<string> = new Set(['SCHEDULE_TOPIC_XXXX', 'rmq_sys_wheel_timer']);
export const STATE_TOPIC = 'rmq_sys_halfmq_state';
/** All of them: what the projections are made from. */
export const STORE_TOPICS: ReadonlySet<string> = new Set([
  HALF_TOPIC,
  OP_TOPIC,
  STATE_TOPIC,
  ...SCHEDULE_TOPICS,
]);
