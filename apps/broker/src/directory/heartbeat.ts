/** HeartbeatData of the wire, defaults filled in. */
export interface HeartbeatData {
  readonly clientID: string;
  readonly producerDataSet: readonly ProducerData[];
  readonly consumerDataSet: readonly ConsumerData[];
  /** heartbeat v2: hash of everything said; 0 in the first kind */
  readonly heartbeatFingerprint: number;
  /** heartbeat v2: the subscriptions were said before */
  readonly withoutSub: boolean;
}

export interface ProducerData {
  readonly groupName: string;
  /** ours alone: topics whose half messages this producer can be asked about */
  readonly transactionalTopics?: readonly string[] | undefined;
}

export interface ConsumerData {
  readonly groupName: string;
  readonly consumeType: string;
  readonly messageModel: string;
  readonly consumeFromWhere: string;
  readonly subscriptionDataSet: readonly SubscriptionData[];
  readonly unitMode: boolean;
}

export interface SubscriptionData {
  readonly topic: string;
  readonly subString: string;
  readonly expressionType: string;
  readonly tagsSet: readonly string[];
  readonly codeSet: readonly number[];
  /** ms since 1970, by the client's clock */
  readonly subVersion: number;
  readonly classFilterMode: boolean;
}
