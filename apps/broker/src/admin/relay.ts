import {
  decodeMemberOffsets,
  decodeOffsetMessageId,
  getConsumerStatusFromClient,
  RemotingError,
  ResponseCode,
  StatusError,
  statusOfCode,
  type Body,
  type ConsumeMessageDirectlyHeader,
  type InvokeBrokerToGetConsumerStatusHeader,
  type Outcome,
  type QueueTable,
  type RequestSpec,
} from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import type { Clients } from '../directory/clients.js';
import type { ConsumerMember } from '../directory/consumers.js';

const TIMEOUT_MS = 10_000;
const STATUS_TIMEOUT_MS = 5_000;

/** Brings tools' questions to the consumer they are for, and its answer back. */
export class Relay {
  constructor(
    private readonly clients: Pick<Clients, 'consumerGroup'>,
    private readonly store: Pick<MessageStore, 'recordAt'>,
  ) {}

  /** @throws StatusError SYSTEM_ERROR when there is no such consumer, CONSUME_MSG_TIMEOUT when it does not answer */
  async ask<H extends { readonly consumerGroup: string; readonly clientId?: string | undefined }>(
    spec: RequestSpec<H>,
    header: H,
    body?: Body,
  ): Promise<Outcome> {
    const { consumerGroup: group, clientId } = header;
    const [member] = this.members(group, clientId);
    if (!member)
      throw new StatusError('SYSTEM_ERROR', `The Consumer <${group}> <${clientId ?? ''}> not online`);
    try {
      const answer = await member.connection.request(spec, header, body, { timeoutMs: TIMEOUT_MS });
      return {
        status: statusOfCode(answer.code),
        remark: answer.remark,
        header: answer.extFields,
        // its socket's memory is filled again
        body: Buffer.from(answer.body),
      };
    } catch (error) {
      if (!(error instanceof RemotingError)) throw error;
      throw new StatusError(
        'CONSUME_MSG_TIMEOUT',
        `consumer <${group}> <${member.clientId}> did not answer: ${error.message}`,
      );
    }
  }

  /**
   * How far members of a group say they are, by client id: all, or the one that is named. A member that does not answer, as one
   * that came by gRPC, or answers with what nobody can read, is left out.
   * @throws StatusError SYSTEM_ERROR when there is nobody to be asked
   */
  async offsets(header: InvokeBrokerToGetConsumerStatusHeader): Promise<Map<string, QueueTable<number>>> {
    const { group, topic, clientAddr } = header;
    const members = this.members(group, clientAddr === '' ? undefined : clientAddr);
    if (members.length === 0)
      throw new StatusError('SYSTEM_ERROR', `No Any Consumer online in the consumer group: [${group}]`);
    const said = await Promise.all(members.map((member) => this.offsetsOf(member, topic, group)));
    return new Map(said.flat());
  }

  private async offsetsOf(
    { clientId, connection }: ConsumerMember,
    topic: string,
    group: string,
  ): Promise<(readonly [string, QueueTable<number>])[]> {
    const asked = { topic, group, clientAddr: clientId };
    const how = { timeoutMs: STATUS_TIMEOUT_MS };
    try {
      const answer = await connection.request(getConsumerStatusFromClient, asked, undefined, how);
      return answer.code === ResponseCode.SUCCESS ? [[clientId, decodeMemberOffsets(answer.body)]] : [];
    } catch (error) {
      if (error instanceof RemotingError || error instanceof StatusError) return [];
      throw error;
    }
  }

  private members(group: string, clientId: string | undefined): ConsumerMember[] {
    const members = [...(this.clients.consumerGroup(group)?.members.values() ?? [])];
    return members.filter((one) => clientId === undefined || one.clientId === clientId);
  }

  /** The stored message a direct consumption is about. @throws StatusError SYSTEM_ERROR */
  message({ msgId = '' }: ConsumeMessageDirectlyHeader): Buffer {
    const place = decodeOffsetMessageId(msgId);
    const record = place && this.store.recordAt(place.physicalOffset);
    if (record) return record;
    throw new StatusError('SYSTEM_ERROR', `no message with the offset message id ${msgId} is here`);
  }
}
