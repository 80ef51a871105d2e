import type { INestMicroservice } from '@nestjs/common';
import { RemotingClient, type Clock, type Log } from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import { Acknowledge } from '../consume/pop/acknowledge.js';
import { Receive } from '../consume/pop/receive.js';
import { Clients } from '../directory/clients.js';
import { Groups } from '../directory/groups.js';
import { Routes } from '../directory/routes.js';
import { Topics } from '../directory/topics.js';
import { Destination } from '../produce/destination.js';
import { Recall } from '../produce/recall.js';
import { Send } from '../produce/send.js';
import { CLOCK, CONFIG, LOG } from '../tokens.js';
import { EndTransaction } from '../transaction/end-transaction.js';
import { Consuming } from './consuming.js';
import { methods, type Methods } from './methods.js';
import { Neighbours } from './neighbours.js';
import { Producing } from './producing.js';
import { Queues } from './queues.js';
import { Renewals } from './renewals.js';
import { Sessions } from './sessions.js';

/**
 * What the gRPC door shows of the rooms; made when its first client comes.
 * @param rooms the running microservice: its rooms are the ones behind this door too
 */
export function methodsOf(rooms: INestMicroservice, port: number): Methods {
  const config = rooms.get<BrokerConfig>(CONFIG);
  const clock = rooms.get<Clock>(CLOCK);
  const [topics, groups, acknowledge] = [rooms.get(Topics), rooms.get(Groups), rooms.get(Acknowledge)];
  const renewals = new Renewals(clock, acknowledge);
  const sessions = new Sessions(config, clock, topics, groups, rooms.get(Clients), renewals);
  const [sends, destination, recall] = [rooms.get(Send), rooms.get(Destination), rooms.get(Recall)];
  const client = rooms.get(RemotingClient);
  const neighbours = new Neighbours(config.brokerName, rooms.get(Routes), client, clock, rooms.get<Log>(LOG));
  const ending = rooms.get(EndTransaction);
  return methods({
    sessions,
    queues: new Queues(config, topics, groups, neighbours, port),
    producing: new Producing(config, clock, topics, sends, destination, recall, ending, sessions),
    consuming: new Consuming(
      config.brokerName,
      clock,
      topics,
      groups,
      rooms.get(Receive),
      acknowledge,
      sessions,
      renewals,
    ),
  });
}
