import {
  decodeOffsetMessageId,
  RemotingError,
  StatusError,
  statusOfCode,
  type Body,
  type ConsumeMessageDirectlyHeader,
  type Outcome,
  type RequestSpec,
} from '@halfmq/remoting';
import type { MessageStore } from '@halfmq/store';
import type { Clients } from '../directory/clients.js';

const TIMEOUT_MS = 10_000;

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
    const members = [...(this.clients.consumerGroup(group)?.members.values() ?? [])];
    const member = members.find((one) => clientId === undefined || one.clientId === clientId);
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

  /** The stored message a direct consumption is about. @throws StatusError SYSTEM_ERROR */
  message({ msgId = '' }: ConsumeMessageDirectlyHeader): Buffer {
    const place = decodeOffsetMessageId(msgId);
    const record = place && this.store.recordAt(place.physicalOffset);
    if (record) return record;
    throw new StatusError('SYSTEM_ERROR', `no message with the offset message id ${msgId} is here`);
  }
}
