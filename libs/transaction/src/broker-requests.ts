import {
  RemotingError,
  ResponseCode,
  statusOfCode,
  type Body,
  type Command,
  type RemotingClient,
  type RequestSpec,
} from '@halfmq/remoting';
import { BrokerRefused, BrokerUnreachable } from './errors.js';

/** One member of a broker set, as a route names it. */
export interface BrokerAddress {
  readonly brokerName: string;
  readonly address: string;
}

export interface RequestTo<H> {
  readonly spec: RequestSpec<H>;
  readonly header: H;
  readonly body?: Body | undefined;
  readonly timeoutMs?: number | undefined;
}

/** Requests to brokers, with errors that say which broker, where, and what to do. */
export class BrokerRequests {
  constructor(
    private readonly remoting: RemotingClient,
    private readonly timeoutMs: number,
  ) {}

  /**
   * @returns the answer, whatever its code
   * @throws BrokerUnreachable without a connection; RemotingError (timeout, closed) when it is not known what happened
   */
  ask<H>(broker: BrokerAddress, what: RequestTo<H>): Promise<Command> {
    const timeoutMs = what.timeoutMs ?? this.timeoutMs;
    return this.remoting
      .request(broker.address, what.spec, what.header, what.body, { timeoutMs })
      .catch((error: unknown) => {
        throw named(error, broker);
      });
  }

  /** As ask, and @throws BrokerRefused for every code but success. */
  async call<H>(broker: BrokerAddress, what: RequestTo<H>): Promise<Command> {
    const answer = await this.ask(broker, what);
    if (answer.code !== ResponseCode.SUCCESS) throw refusal(broker, answer);
    return answer;
  }

  /** The next request makes a new connection. */
  hangUp(broker: BrokerAddress, reason: string): void {
    this.remoting.closeConnection(broker.address, reason);
  }

  /** Resolves when written; nobody answers. @throws BrokerUnreachable */
  async oneWay<H>(broker: BrokerAddress, what: RequestTo<H>): Promise<void> {
    try {
      await this.remoting.oneWay(broker.address, what.spec, what.header, what.body);
    } catch (error) {
      throw named(error, broker);
    }
  }
}

export function refusal(broker: BrokerAddress, answer: Command): BrokerRefused {
  const { brokerName, address } = broker;
  return new BrokerRefused(brokerName, address, statusOfCode(answer.code), answer.code, answer.remark ?? '');
}

function named(error: unknown, { brokerName, address }: BrokerAddress): unknown {
  if (!(error instanceof RemotingError) || error.kind !== 'connect') return error;
  return new BrokerUnreachable(brokerName, address, { cause: error });
}
