import { Controller } from '@nestjs/common';
import {
  DONE,
  StatusError,
  decodeHeartbeatData,
  encodeConsumerIdList,
  getConsumerListByGroup,
  heartBeat,
  unregisterClient,
  type GetConsumerListByGroupHeader,
  type Outcome,
  type RequestContext,
  type UnregisterClientHeader,
} from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import { Clients } from './clients.js';

/** Clients come, go and ask for one another. */
@Controller()
export class ClientsHandlers {
  private readonly memberLists = new WeakMap<readonly string[], Buffer>();

  constructor(private readonly clients: Clients) {}

  @Request(heartBeat)
  heartBeat(_header: object, context: RequestContext): Outcome {
    const changed = this.clients.heartbeat(decodeHeartbeatData(context.body), context);
    return {
      status: 'OK',
      header: { IS_SUPPORT_HEART_BEAT_V2: true, IS_SUB_CHANGE: changed, transactionsEndTogether: true },
    };
  }

  @Request(unregisterClient)
  unregister(header: UnregisterClientHeader, context: RequestContext): Outcome {
    this.clients.unregister(header, context);
    return DONE;
  }

  @Request(getConsumerListByGroup)
  memberList(header: GetConsumerListByGroupHeader): Outcome {
    const ids = this.clients.memberIds(header.consumerGroup);
    if (ids.length === 0) {
      throw new StatusError('SYSTEM_ERROR', `no consumer for this group, ${header.consumerGroup}`);
    }
    return { status: 'OK', body: this.memberListOf(ids) };
  }

  /** Written once for all who ask before it changes. */
  private memberListOf(ids: readonly string[]): Buffer {
    const before = this.memberLists.get(ids);
    if (before) return before;
    const body = encodeConsumerIdList(ids);
    this.memberLists.set(ids, body);
    return body;
  }
}
