import { Controller } from '@nestjs/common';
import {
  DONE,
  encodeClusterInfo,
  encodeTopicList,
  encodeTopicRouteData,
  getAllTopicListFromNameserver,
  getBrokerClusterInfo,
  getRouteinfoByTopic,
  getSystemTopicListFromNs,
  getTopicsByCluster,
  addWritePermOfBroker,
  deleteTopicInNamesrv,
  wipeWritePermOfBroker,
  type AddWritePermOfBrokerHeader,
  type DeleteTopicInNamesrvHeader,
  type GetRouteinfoByTopicHeader,
  type GetTopicsByClusterHeader,
  type Outcome,
  type RequestContext,
  type WipeWritePermOfBrokerHeader,
} from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import { RouteBook } from './route-book.js';

/** What clients and tools ask about topics and brokers. */
@Controller()
export class RoutesHandlers {
  constructor(private readonly book: RouteBook) {}

  @Request(getRouteinfoByTopic)
  route(header: GetRouteinfoByTopicHeader, context: RequestContext): Outcome {
    const { acceptStandardJsonOnly } = header;
    const asker = { version: context.version, acceptStandardJsonOnly };
    return { status: 'OK', body: encodeTopicRouteData(this.book.route(header.topic), asker) };
  }

  @Request(getBrokerClusterInfo)
  clusterInfo(): Outcome {
    return { status: 'OK', body: encodeClusterInfo(this.book.table.clusterInfo()) };
  }

  @Request(getAllTopicListFromNameserver)
  allTopics(): Outcome {
    return { status: 'OK', body: encodeTopicList({ topicList: this.book.allTopics() }) };
  }

  @Request(getTopicsByCluster)
  topicsByCluster({ cluster }: GetTopicsByClusterHeader): Outcome {
    return { status: 'OK', body: encodeTopicList({ topicList: this.book.topicsOfCluster(cluster) }) };
  }

  @Request(getSystemTopicListFromNs)
  systemTopics(): Outcome {
    return { status: 'OK', body: encodeTopicList(this.book.table.systemTopics()) };
  }

  @Request(deleteTopicInNamesrv)
  deleteTopic({ topic, clusterName }: DeleteTopicInNamesrvHeader): Outcome {
    this.book.table.deleteTopic(topic, clusterName);
    return DONE;
  }

  @Request(wipeWritePermOfBroker)
  wipeWritePermission({ brokerName }: WipeWritePermOfBrokerHeader): Outcome {
    return { status: 'OK', header: { wipeTopicCount: this.book.table.wipeWritePermission(brokerName) } };
  }

  @Request(addWritePermOfBroker)
  addWritePermission({ brokerName }: AddWritePermOfBrokerHeader): Outcome {
    return { status: 'OK', header: { addTopicCount: this.book.table.addWritePermission(brokerName) } };
  }
}
