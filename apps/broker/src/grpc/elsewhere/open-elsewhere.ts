import { randomUUID } from 'node:crypto';
import {
  checkTransactionState,
  HandlerTable,
  NO_ANSWER,
  RemotingClient,
  type CheckTransactionStateHeader,
  type Clock,
  type Connection,
  type Log,
  decodeRecord,
} from '@halfmq/remoting';
import type { Routes } from '../../directory/routes.js';
import { Announcements } from './announcements.js';
import { Descriptions } from './descriptions.js';
import { OtherBrokers } from './other-brokers.js';
import { Wire } from './wire.js';

type Asked = (topic: string) => readonly Connection[];

export interface Around {
  /** of the broker that is not elsewhere; undefined: there is none */
  readonly ownName: string | undefined;
  readonly routes: Pick<Routes, 'of'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** The brokers elsewhere, and what they are told and ask. */
export interface ElsewhereDoor {
  readonly others: OtherBrokers;
  readonly announcements: Announcements;
  close(): Promise<void>;
}

export function openElsewhere({ ownName, routes, clock, log }: Around): ElsewhereDoor {
  const producersOf: Asked = (topic) => announcements.producersOf(topic);
  const client = new RemotingClient({ clock, log, handlers: questions(producersOf) });
  const wire = new Wire(client);
  const addressesOf = async (topic: string): Promise<string[]> =>
    (await others.holding(topic)).map(({ broker }) => broker.address);
  const clientId = `grpc@${ownName ?? 'proxy'}@${randomUUID()}`;
  const announcements = new Announcements(clientId, wire, addressesOf, clock, log);
  const descriptions = new Descriptions(wire, clock, log);
  const others = new OtherBrokers(ownName, routes, { wire, descriptions, announcements });
  client.onDisconnect((address) => announcements.forgotten(address));
  return {
    others,
    announcements,
    async close() {
      announcements.stop();
      await client.close();
    },
  };
}

/** What brokers ask: the verdict on a half message, of one of its topic's producers; another one the next time. */
function questions(producersOf: Asked): HandlerTable {
  const table = new HandlerTable();
  let turns = 0;
  table.add(checkTransactionState, (header: CheckTransactionStateHeader, { body }) => {
    const producers = producersOf(decodeRecord(Buffer.from(body)).topic);
    producers[turns++ % producers.length]?.oneWay(checkTransactionState, header, body);
    return NO_ANSWER;
  });
  return table;
}
