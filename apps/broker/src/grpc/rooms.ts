import type { INestMicroservice } from '@nestjs/common';
import { Permission, RemotingClient, type Clock, type Log } from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import { Offsets } from '../consume/offsets.js';
import { Acknowledge } from '../consume/pop/acknowledge.js';
import { LiteSubscriptions } from '../consume/pop/lite-subscriptions.js';
import { Receive } from '../consume/pop/receive.js';
import { Pull } from '../consume/pull.js';
import { Clients } from '../directory/clients.js';
import { Groups } from '../directory/groups.js';
import { Routes } from '../directory/routes.js';
import { QUEUES_OF_A_NEW_TOPIC, topicOf, type TopicConfig } from '../directory/topic-config.js';
import { SystemTopic } from '../directory/topic-names.js';
import { Topics } from '../directory/topics.js';
import { Destination } from '../produce/destination.js';
import { Recall } from '../produce/recall.js';
import { Send } from '../produce/send.js';
import { CLOCK, CONFIG, LOG } from '../tokens.js';
import { EndTransaction } from '../transaction/end-transaction.js';
import { AllBrokers, type Own } from './all-brokers.js';
import { DoorsElsewhere } from './doors-elsewhere.js';
import { openElsewhere } from './elsewhere/open-elsewhere.js';
import type { Methods } from './methods.js';
import { methodsOver } from './methods-over.js';
import { named, OwnBroker } from './own-broker.js';
import { topicsOf, type Members } from './sessions.js';

/**
 * What the gRPC door shows of the rooms, and of the brokers elsewhere; made when its first client comes.
 * @param rooms the running microservice: its rooms are the ones behind this door too
 */
export function methodsOf(rooms: INestMicroservice, port: number): Methods {
  const config = rooms.get<BrokerConfig>(CONFIG);
  const [clock, log] = [rooms.get<Clock>(CLOCK), rooms.get<Log>(LOG)];
  const { others, announcements, close } = openElsewhere({
    ownName: config.brokerName,
    routes: rooms.get(Routes),
    clock,
    log,
  });
  const doors = new DoorsElsewhere(rooms.get(RemotingClient), clock, log);
  const brokers = new AllBrokers(own(rooms), others, doors);
  const [clients, topics] = [rooms.get(Clients), rooms.get(Topics)];
  const members: Members = {
    heartbeat(data, context) {
      named(() => clients.heartbeat(data, context));
      // half messages of what is here are here, and are asked about here
      const elsewhere = topicsOf(data).filter((topic) => !isWritable(topics.find(topic)));
      announcements.heartbeat(elsewhere, context.peer);
    },
  };
  return methodsOver({ config, clock, brokers, members, close }, port);
}

function own(rooms: INestMicroservice): Own {
  const [topics, { brokerName }] = [rooms.get(Topics), rooms.get<BrokerConfig>(CONFIG)];
  const broker = new OwnBroker(brokerName, {
    groups: rooms.get(Groups),
    destination: rooms.get(Destination),
    sends: rooms.get(Send),
    recalls: rooms.get(Recall),
    ending: rooms.get(EndTransaction),
    receives: rooms.get(Receive),
    acknowledge: rooms.get(Acknowledge),
    lite: rooms.get(LiteSubscriptions),
    pulls: rooms.get(Pull),
    offsets: rooms.get(Offsets),
  });
  return {
    broker,
    topic: (name) => topics.find(name),
    toBeMade: (name) => toBeMade(name, topics),
    isSystem: (name) => topics.isSystem(name),
  };
}

const isWritable = (topic: TopicConfig | undefined): boolean =>
  topic !== undefined && (topic.perm & Permission.WRITE) !== 0 && topic.writeQueueNums > 0;

/** %RETRY% and %DLQ% */
const OF_A_GROUP = '%';

/** One that a send would make, as it would be made: a producer asks for its route before it sends. */
function toBeMade(name: string, topics: Topics): TopicConfig | undefined {
  const template = topics.find(SystemTopic.AUTO_CREATE_TEMPLATE);
  // those of a group are made by what it does, with other queues
  if (!template || name.startsWith(OF_A_GROUP)) return undefined;
  return topicOf(name, Math.min(QUEUES_OF_A_NEW_TOPIC, template.writeQueueNums));
}
