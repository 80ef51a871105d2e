import { RemotingClient, type Clock, type Log } from '@halfmq/remoting';
import { Routes } from '../directory/routes.js';
import { AllBrokers } from './all-brokers.js';
import { LiveClients } from './elsewhere/live-clients.js';
import { openElsewhere, type ElsewhereDoor } from './elsewhere/open-elsewhere.js';
import type { Methods } from './methods.js';
import { methodsOver, type DoorConfig } from './methods-over.js';
import { topicsOf, type Members } from './sessions.js';

interface Forwarding {
  readonly nameServers: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

const NO_BROKER = { brokerName: '' };
const NO_TOPICS = { find: () => undefined };

/** The brokers that the name servers know, for doors that have none behind them. */
export function openForwarding({ nameServers, clock, log }: Forwarding): ElsewhereDoor {
  const client = new RemotingClient({ clock, log });
  const routes = new Routes(NO_BROKER, NO_TOPICS, { all: nameServers }, client, clock, log);
  const elsewhere = openElsewhere({ ownName: undefined, routes, clock, log });
  return {
    ...elsewhere,
    async close() {
      await elsewhere.close();
      await client.close();
    },
  };
}

/** What a gRPC door shows that has no broker behind it: all are elsewhere, and routes name the door for every one. */
export function forwardingMethods(
  { others, announcements }: ElsewhereDoor,
  { config, clock }: { readonly config: DoorConfig; readonly clock: Clock },
  port: number,
): Methods {
  const live = new LiveClients(clock);
  const members: Members = {
    heartbeat(data, context) {
      live.heartbeat(data, context);
      announcements.heartbeat(topicsOf(data), context.peer);
    },
  };
  const brokers = new AllBrokers(undefined, others);
  const close = (): Promise<void> => Promise.resolve(live.stop());
  return methodsOver({ config, clock, brokers, members, close }, port);
}
