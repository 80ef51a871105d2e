import { RemotingClient, type Clock, type Log } from '@halfmq/remoting';
import { Routes } from '../directory/routes.js';
import { AllBrokers } from './all-brokers.js';
import { LiveClients } from './elsewhere/live-clients.js';
import { openElsewhere } from './elsewhere/open-elsewhere.js';
import type { Methods } from './methods.js';
import { methodsOver, type DoorConfig } from './methods-over.js';
import { topicsOf, type Members } from './sessions.js';

export interface Forwarding {
  readonly nameServers: readonly string[];
  readonly config: DoorConfig;
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
  const close = async (): Promise<void> => {
    live.stop();
    await elsewhere.close();
    await client.close();
  };
  return methodsOver({ config, clock, brokers, members, close }, port);
}
