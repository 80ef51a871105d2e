import {
  ResponseCode,
  StatusError,
  statusOfCode,
  type Body,
  type Command,
  type RemotingClient,
  type RequestSpec,
  type StatusFacts,
} from '@halfmq/remoting';

/** of RocketMQ's proxy */
const TIMEOUT_MS = 3_000;

/** One request, and its answer, to a broker that is elsewhere. */
export interface Question<H> {
  readonly spec: RequestSpec<H>;
  readonly header: H;
  readonly body?: Body | undefined;
  readonly timeoutMs?: number | undefined;
}

/** RocketMQ's remoting protocol, as who forwards speaks it. */
export class Wire {
  constructor(private readonly client: RemotingClient) {}

  /** @throws RemotingError there was no answer */
  ask<H>(address: string, question: Question<H>): Promise<Command> {
    const { spec, header, body, timeoutMs = TIMEOUT_MS } = question;
    return this.client.request(address, spec, header, body, { timeoutMs });
  }

  /** @throws StatusError it was refused; RemotingError */
  async call<H>(address: string, question: Question<H>): Promise<Command> {
    const answer = await this.ask(address, question);
    if (answer.code !== ResponseCode.SUCCESS) throw refused(answer);
    return answer;
  }
}

/** What a broker has said instead of yes, under the name all doors have for it. */
export function refused({ code, remark, extFields = {} }: Command): StatusError {
  const facts = VERDICT.flatMap((name) => {
    const text = extFields[name];
    if (text === undefined) return [];
    return [[name, name === 'verdictAt' ? new Date(Number(text)).toISOString() : text]];
  });
  return new StatusError(statusOfCode(code), remark, Object.fromEntries(facts) as StatusFacts);
}

/** What a broker of ours says of the verdict that was first. */
const VERDICT = ['verdict', 'verdictBy', 'verdictAt', 'verdictReason', 'verdictOperator'];
