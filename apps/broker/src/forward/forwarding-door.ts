import { RemotingError, type Clock, type Log, type StatusName } from '@halfmq/remoting';
import { openHttpDoor, type HttpDoor } from '../accept/http-door.js';
import { Refusal } from '../grpc/codes.js';
import type { ElsewhereDoor } from '../grpc/elsewhere/open-elsewhere.js';
import { ForwardedAcknowledging } from './forwarded-acknowledging.js';
import { ForwardedMessages } from './forwarded-messages.js';
import { ForwardedReceives } from './forwarded-receives.js';
import { ForwardedResets } from './forwarded-resets.js';
import { ForwardedTransactions } from './forwarded-transactions.js';
import { ForwardingModule, type ForwardingConfig } from './forwarding.module.js';

export interface ForwardingDoorOptions {
  readonly port: number;
  readonly host: string;
  /** how long requests taken may still be answered when the door closes */
  readonly graceMs: number;
  readonly config: ForwardingConfig;
  readonly clock: Clock;
  readonly log: Log;
}

/** REST in front of brokers elsewhere. @throws PortError */
export async function openForwardingDoor(
  elsewhere: ElsewhereDoor,
  { config, ...options }: ForwardingDoorOptions,
): Promise<HttpDoor> {
  const { clock } = options;
  const { others } = elsewhere;
  const receives = new ForwardedReceives(clock, others);
  const module = ForwardingModule.of({
    config,
    messages: new ForwardedMessages(clock, others),
    receives,
    acknowledging: new ForwardedAcknowledging(clock, others),
    resets: new ForwardedResets(others),
    transactions: new ForwardedTransactions(clock, elsewhere),
  });
  const { maxMessageSize } = config;
  const door = await openHttpDoor(module, { ...options, maxMessageSize, nameOf });
  return {
    port: door.port,
    close() {
      receives.stop();
      return door.close();
    },
  };
}

/** What a broker that does not answer is called, and one that a receipt or a handle names and nobody knows. */
function nameOf(error: unknown): StatusName | undefined {
  if (error instanceof RemotingError) return 'SERVICE_NOT_AVAILABLE';
  return error instanceof Refusal ? 'INVALID_PARAMETER' : undefined;
}
