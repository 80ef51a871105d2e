import { Controller, Inject } from '@nestjs/common';
import {
  consumeMessageDirectly,
  DONE,
  encodeGroupList,
  encodeGroupOffsets,
  encodeResetOffsets,
  encodeResetOffsetsForC,
  encodeTopicList,
  getBrokerConfig,
  getConsumerRunningInfo,
  getSystemTopicListFromBroker,
  invokeBrokerToGetConsumerStatus,
  invokeBrokerToResetOffset,
  LanguageCode,
  queryTopicConsumeByWho,
  queryTopicsByConsumer,
  updateBrokerConfig,
  type ConsumeMessageDirectlyHeader,
  type GetConsumerRunningInfoHeader,
  type InvokeBrokerToGetConsumerStatusHeader,
  type InvokeBrokerToResetOffsetHeader,
  type Outcome,
  type QueryTopicConsumeByWhoHeader,
  type QueryTopicsByConsumerHeader,
  type RequestContext,
} from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import type { BrokerConfig } from '../config/resolve-config.js';
import { Resets } from '../consume/resets.js';
import { CONFIG } from '../tokens.js';
import { GroupAdmin } from './group-admin.js';
import { LiveSettings } from './live-settings.js';
import { Relay } from './relay.js';
import { TopicAdmin } from './topic-admin.js';

/** What operators do with mqadmin beside topics and groups: settings, offsets, and questions to single consumers. */
@Controller()
export class OperatorsHandlers {
  constructor(
    private readonly settings: LiveSettings,
    private readonly resets: Resets,
    private readonly relay: Relay,
    private readonly groups: GroupAdmin,
    private readonly topics: TopicAdmin,
    @Inject(CONFIG) private readonly config: BrokerConfig,
  ) {}

  @Request(getBrokerConfig)
  showConfig(): Outcome {
    const version = JSON.stringify(this.settings.dataVersion);
    return { status: 'OK', header: { version }, body: Buffer.from(this.settings.text()) };
  }

  @Request(updateBrokerConfig)
  updateConfig(_header: object, { body }: RequestContext): Outcome {
    this.settings.update(body.toString());
    return DONE;
  }

  @Request(invokeBrokerToResetOffset)
  reset(header: InvokeBrokerToResetOffsetHeader, { language }: RequestContext): Outcome {
    const offsets = this.resets.reset(header);
    const encode = language === LanguageCode.CPP ? encodeResetOffsetsForC : encodeResetOffsets;
    return { status: 'OK', body: encode(offsets) };
  }

  @Request(invokeBrokerToGetConsumerStatus)
  async consumerStatus(header: InvokeBrokerToGetConsumerStatusHeader): Promise<Outcome> {
    return { status: 'OK', body: encodeGroupOffsets(await this.relay.offsets(header)) };
  }

  @Request(getConsumerRunningInfo)
  runningInfo(header: GetConsumerRunningInfoHeader): Promise<Outcome> {
    return this.relay.ask(getConsumerRunningInfo, header);
  }

  @Request(consumeMessageDirectly)
  consumeDirectly(header: ConsumeMessageDirectlyHeader): Promise<Outcome> {
    const { brokerName } = this.config;
    return this.relay.ask(consumeMessageDirectly, { ...header, brokerName }, this.relay.message(header));
  }

  @Request(queryTopicConsumeByWho)
  consumersOf({ topic }: QueryTopicConsumeByWhoHeader): Outcome {
    return { status: 'OK', body: encodeGroupList(this.groups.consuming(topic)) };
  }

  @Request(queryTopicsByConsumer)
  topicsOf({ group }: QueryTopicsByConsumerHeader): Outcome {
    return { status: 'OK', body: encodeTopicList({ topicList: this.groups.topicsOf(group) }) };
  }

  @Request(getSystemTopicListFromBroker)
  systemTopics(): Outcome {
    return { status: 'OK', body: encodeTopicList({ topicList: this.topics.systemTopics() }) };
  }
}
