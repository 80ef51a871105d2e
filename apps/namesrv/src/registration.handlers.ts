import { Controller } from '@nestjs/common';
import {
  brokerHeartbeat,
  DONE,
  encodeDataVersion,
  encodeKvTable,
  queryDataVersion,
  registerBroker,
  registerTopicInNamesrv,
  unregisterBroker,
  type BrokerHeartbeatHeader,
  type Outcome,
  type QueryDataVersionHeader,
  type RegisterBrokerHeader,
  type RegisterTopicInNamesrvHeader,
  type RequestContext,
  type UnregisterBrokerHeader,
} from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import { Registration } from './registration.js';

/** What brokers say of themselves. */
@Controller()
export class RegistrationHandlers {
  constructor(private readonly registration: Registration) {}

  @Request(registerBroker)
  register(header: RegisterBrokerHeader, context: RequestContext): Outcome {
    const outcome = this.registration.register(header, context);
    if (outcome.kind !== 'accepted') return DONE;
    const { masterAddr, haServerAddr } = outcome;
    const table = this.registration.orderOfTopics();
    return { status: 'OK', header: { masterAddr, haServerAddr }, body: table && encodeKvTable(table) };
  }

  @Request(registerTopicInNamesrv)
  registerTopic({ topic }: RegisterTopicInNamesrvHeader, { body }: RequestContext): Outcome {
    this.registration.registerTopic(topic, body);
    return DONE;
  }

  @Request(unregisterBroker)
  unregister(header: UnregisterBrokerHeader): Outcome {
    this.registration.unregister(header);
    return DONE;
  }

  @Request(brokerHeartbeat)
  heartbeat(header: BrokerHeartbeatHeader): Outcome {
    this.registration.heartbeat(header);
    return DONE;
  }

  @Request(queryDataVersion)
  compareVersion(header: QueryDataVersionHeader, { body }: RequestContext): Outcome {
    const { changed, known } = this.registration.compareVersion(header, body);
    return { status: 'OK', header: { changed }, body: known && encodeDataVersion(known) };
  }
}
