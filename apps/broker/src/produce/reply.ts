import {
  formatHost,
  PropertyName,
  propertyOf,
  pushReplyMessageToClient,
  RemotingError,
  withProperty,
  type Clock,
  type Host,
  type Log,
  type SendMessageHeader,
} from '@halfmq/remoting';
import type { BrokerConfig } from '../config/resolve-config.js';
import type { Clients } from '../directory/clients.js';

/** How long the client that has sent the request may take to say that the reply has come. */
const TIMEOUT_MS = 10_000;

/** Brings the reply to a request to the client that waits for it (ReplyMessageProcessor). */
export class Reply {
  constructor(
    private readonly config: Pick<BrokerConfig, 'storeReplyMessageEnable'>,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly clients: Pick<Clients, 'producerOf'>,
    private readonly storeHost: Host,
  ) {}

  /** whether replies are kept in their topic, too */
  get stores(): boolean {
    return this.config.storeReplyMessageEnable;
  }

  /** @returns why it did not reach its client; undefined: it has */
  async push(header: SendMessageHeader, body: Buffer, bornHost: Host): Promise<string | undefined> {
    const clientId = propertyOf(header.properties ?? '', PropertyName.REPLY_TO_CLIENT);
    if (clientId === undefined) return `reply message properties[${PropertyName.REPLY_TO_CLIENT}] is null`;
    const connection = this.clients.producerOf(clientId);
    if (!connection) return `push reply message fail, channel of <${clientId}> not found.`;
    const now = this.clock.now();
    const { batch: _batch, maxReconsumeTimes: _most, bname: _bname, ...sent } = header;
    const pushed = {
      ...sent,
      properties: withProperty(header.properties ?? '', PropertyName.PUSH_REPLY_TIME, String(now)),
      bornHost: formatHost(bornHost),
      storeHost: formatHost(this.storeHost),
      storeTimestamp: now,
    };
    try {
      const { code, remark } = await connection.request(pushReplyMessageToClient, pushed, body, {
        timeoutMs: TIMEOUT_MS,
      });
      return code === 0
        ? undefined
        : `push reply message to ${clientId} fail, it answered ${code} ${remark ?? ''}`;
    } catch (error) {
      if (!(error instanceof RemotingError)) throw error;
      this.log.debug('a reply was not taken', { clientId, error: error.message });
      return `push reply message to ${clientId} fail: ${error.message}`;
    }
  }
}
