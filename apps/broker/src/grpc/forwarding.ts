import { RemotingClient, type Clock, type Log } from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import { Routes } from '../directory/routes.js';
import { AllBrokers } from './all-brokers.js';
import { Consuming } from './consuming.js';
import { LiveClients } from './elsewhere/live-clients.js';
import { openElsewhere } from './elsewhere/open-elsewhere.js';
import type { Advertising } from './endpoints.js';
import { methods, type Methods } from './methods.js';
import { Producing } from './producing.js';
import { Pulling } from './pulling.js';
import { Queues } from './queues.js';
import { Renewals } from './renewals.js';
import type { SendLimits } from './sent-message.js';
import { Sessions, topicsOf, type Members } from './sessions.js';

export interface Forwarding {
  readonly nameServers: readonly string[];
  readonly config: SendLimits & Advertising & Pick<BrokerConfig, 'messageDelayLevel'>;
  readonly clock: Clock;
  readonly log: Log;
}

const NO_BROKER = { brokerName: '' };
const NO_TOPICS = { find: () => undefined };

/** What a gRPC door shows that has no broker behind it: all are elsewhere, and routes name the door for every one. */
export function forwardingMethods({ nameServers, config, clock, log }: Forwarding, port: number): Methods {
  const client = new RemotingClient({ clock, log });
  const routes = new Routes(NO_BROKER, NO_TOPICS, { all: nameServers }, client, clock, log);
  const elsewhere = openElsewhere({ ownName: undefined, routes, clock, log });
  const live = new LiveClients(clock);
  const members: Members = {
    heartbeat(data, context) {
      live.heartbeat(data, context);
      elsewhere.announcements.heartbeat(topicsOf(data), context.peer);
    },
  };
  const brokers = new AllBrokers(undefined, elsewhere.others);
  const renewals = new Renewals(clock);
  const sessions = new Sessions(config, clock, brokers, members, renewals);
  return methods({
    sessions,
    queues: new Queues(config, brokers, port),
    producing: new Producing(config, clock, brokers, sessions),
    consuming: new Consuming(clock, brokers, sessions, renewals),
    pulling: new Pulling(brokers),
    async close() {
      live.stop();
      await elsewhere.close();
      await client.close();
    },
  });
}
