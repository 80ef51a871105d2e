import { Controller } from '@nestjs/common';
import {
  DONE,
  decodeSubscriptionGroupConfig,
  encodeConsumeStats,
  encodeConsumerConnection,
  encodeProducerConnection,
  deleteSubscriptiongroup,
  encodeSubscriptionGroupConfig,
  encodeSubscriptionGroupWrapper,
  getAllSubscriptiongroupConfig,
  getConsumeStats,
  getConsumerConnectionList,
  getProducerConnectionList,
  getSubscriptiongroupConfig,
  updateAndCreateSubscriptiongroup,
  type DeleteSubscriptiongroupHeader,
  type GetAllSubscriptiongroupConfigHeader,
  type GetConsumeStatsHeader,
  type GetConsumerConnectionListHeader,
  type GetProducerConnectionListHeader,
  type GetSubscriptiongroupConfigHeader,
  type Outcome,
  type RequestContext,
} from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import { Groups } from '../directory/groups.js';
import { GroupAdmin } from './group-admin.js';

/** What tools ask about groups and their members. */
@Controller()
export class GroupsHandlers {
  constructor(
    private readonly admin: GroupAdmin,
    private readonly groups: Groups,
  ) {}

  @Request(updateAndCreateSubscriptiongroup)
  async update(_header: object, context: RequestContext): Promise<Outcome> {
    await this.admin.update(decodeSubscriptionGroupConfig(context.body));
    return DONE;
  }

  @Request(getAllSubscriptiongroupConfig)
  all(header: GetAllSubscriptiongroupConfigHeader): Outcome {
    const { subscriptionGroupTable, total } = this.admin.page(header.groupSeq ?? 0, header.maxGroupNum);
    return {
      status: 'OK',
      header: { totalGroupNum: total },
      body: encodeSubscriptionGroupWrapper({
        subscriptionGroupTable,
        dataVersion: this.groups.dataVersion,
      }),
    };
  }

  @Request(getSubscriptiongroupConfig)
  one(header: GetSubscriptiongroupConfigHeader): Outcome {
    return { status: 'OK', body: encodeSubscriptionGroupConfig(this.admin.find(header.group)) };
  }

  @Request(deleteSubscriptiongroup)
  async delete(header: DeleteSubscriptiongroupHeader): Promise<Outcome> {
    await this.admin.delete(header.groupName, header.cleanOffset === true);
    return DONE;
  }

  @Request(getConsumerConnectionList)
  consumers(header: GetConsumerConnectionListHeader): Outcome {
    return { status: 'OK', body: encodeConsumerConnection(this.admin.consumers(header.consumerGroup)) };
  }

  @Request(getProducerConnectionList)
  producers(header: GetProducerConnectionListHeader): Outcome {
    return { status: 'OK', body: encodeProducerConnection(this.admin.producers(header.producerGroup)) };
  }

  @Request(getConsumeStats)
  progress(header: GetConsumeStatsHeader): Outcome {
    const named = [header.topic ?? '', ...(header.topicList ?? '').split(';')].filter(
      (topic) => topic !== '',
    );
    const offsetTable = this.admin.progress(header.consumerGroup, named);
    return { status: 'OK', body: encodeConsumeStats({ offsetTable, consumeTps: 0 }) };
  }
}
