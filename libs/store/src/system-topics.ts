/** Topics whose records the store understands. */
export const HALF_TOPIC = 'RMQ_SYS_TRANS_HALF_TOPIC';
export const OP_TOPIC = 'RMQ_SYS_TRANS_OP_HALF_TOPIC';
export const STATE_TOPIC = 'rmq_sys_halfmq_state';
