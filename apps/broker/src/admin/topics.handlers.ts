import { Controller } from '@nestjs/common';
import {
  DONE,
  deleteTopicInBroker,
  encodeTopicConfig,
  encodeTopicConfigWrapper,
  encodeTopicStatsTable,
  getAllTopicConfig,
  getTopicConfig,
  getTopicStatsInfo,
  updateAndCreateTopic,
  type DeleteTopicInBrokerHeader,
  type GetAllTopicConfigHeader,
  type GetTopicConfigHeader,
  type GetTopicStatsInfoHeader,
  type Outcome,
  type UpdateAndCreateTopicHeader,
} from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import { TopicAdmin } from './topic-admin.js';

/** What tools ask about topics. */
@Controller()
export class TopicsHandlers {
  constructor(private readonly topics: TopicAdmin) {}

  @Request(updateAndCreateTopic)
  async update(header: UpdateAndCreateTopicHeader): Promise<Outcome> {
    await this.topics.update(header);
    return DONE;
  }

  @Request(deleteTopicInBroker)
  async delete(header: DeleteTopicInBrokerHeader): Promise<Outcome> {
    await this.topics.delete(header.topic);
    return DONE;
  }

  @Request(getAllTopicConfig)
  all(header: GetAllTopicConfigHeader): Outcome {
    const { topicConfigTable, dataVersion, total } = this.topics.page(
      header.topicSeq ?? 0,
      header.maxTopicNum,
    );
    return {
      status: 'OK',
      header: { totalTopicNum: total },
      body: encodeTopicConfigWrapper({ topicConfigTable, dataVersion }),
    };
  }

  @Request(getTopicConfig)
  one(header: GetTopicConfigHeader): Outcome {
    return { status: 'OK', body: encodeTopicConfig(this.topics.find(header.topic)) };
  }

  @Request(getTopicStatsInfo)
  stats(header: GetTopicStatsInfoHeader): Outcome {
    return {
      status: 'OK',
      body: encodeTopicStatsTable({ offsetTable: this.topics.stats(header.topic), topicPutTps: 0 }),
    };
  }
}
