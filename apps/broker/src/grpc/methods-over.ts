import type { Clock } from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Brokers } from './brokers.js';
import { Consuming } from './consuming.js';
import type { Advertising } from './endpoints.js';
import { LiteSubscribing } from './lite.js';
import { methods, type Methods } from './methods.js';
import { Producing } from './producing.js';
import { Pulling } from './pulling.js';
import { Queues } from './queues.js';
import { Renewals } from './renewals.js';
import type { SendLimits } from './sent-message.js';
import { Sessions, type Members } from './sessions.js';

export type DoorConfig = SendLimits & Advertising & Pick<BrokerConfig, 'messageDelayLevel'>;

export interface Behind {
  readonly config: DoorConfig;
  readonly clock: Clock;
  readonly brokers: Brokers;
  readonly members: Members;
  readonly close: () => Promise<void>;
}

/** The methods over brokers, wherever they are. @param port of the door */
export function methodsOver({ config, clock, brokers, members, close }: Behind, port: number): Methods {
  const renewals = new Renewals(clock);
  const sessions = new Sessions(config, clock, brokers, members, renewals);
  return methods({
    sessions,
    queues: new Queues(config, brokers, port),
    producing: new Producing(config, clock, brokers, sessions),
    consuming: new Consuming(clock, brokers, sessions, renewals),
    pulling: new Pulling(brokers),
    lite: new LiteSubscribing(brokers, sessions),
    close,
  });
}
