import { expect } from '@jest/globals';
import { PopTrial } from './pop-trial.js';
import { freePort } from './ports.js';
import { PushEndpoint } from './push-endpoint.js';
import { RestClient } from './rest.js';
import { until } from './until.js';

/** A push as the broker shows it. */
export interface Shown {
  readonly paused: boolean;
  readonly signed: boolean;
  readonly state: {
    readonly breaker: string;
    readonly openForMs: number;
    readonly backlog: number;
    readonly unacknowledged: number;
    readonly inFlight: number;
    readonly delivered: number;
    readonly failed: number;
    readonly dead: number;
    readonly lastStatus?: number;
    readonly lastError?: string;
    readonly problem?: string;
  };
}

export const PUSH = 'groups/readers/push';
/** Two, as a Standard Webhooks library shows them. */
export const SECRETS = [1, 2].map((fill) => `whsec_${Buffer.alloc(32, fill).toString('base64')}`);

/** A broker with the topic `orders`, and a service that the messages of `readers` can be pushed to. */
export class PushTrial {
  readonly rest = new RestClient(() => this.pops.broker.httpPort);

  private constructor(
    readonly pops: PopTrial,
    readonly endpoint: PushEndpoint,
  ) {}

  static async start(properties: Record<string, string> = {}): Promise<PushTrial> {
    const pops = await PopTrial.start({ httpPort: String(await freePort()), ...properties });
    return new PushTrial(pops, await PushEndpoint.start());
  }

  async push(more: object = {}): Promise<Shown> {
    const settings = { topic: 'orders', backurl: this.endpoint.url, ...more };
    const answer = await this.rest.put<Shown>(PUSH, settings);
    expect([200, 201]).toContain(answer.status);
    return answer;
  }

  shown(): Promise<Shown & { status: number }> {
    return this.rest.get<Shown>(PUSH);
  }

  async state(): Promise<Shown['state']> {
    return (await this.shown()).state;
  }

  async got(count: number): Promise<void> {
    await until(`${count} were pushed`, () => this.endpoint.got.length >= count);
  }

  /** Resolves when the broker has heard every answer. */
  async settled(): Promise<void> {
    await until(
      'nothing is under way',
      async () => (await this.state()).inFlight === 0 && this.endpoint.open === 0,
    );
  }

  advance(ms: number): Promise<void> {
    return this.pops.broker.clock.advance(ms);
  }

  async close(): Promise<void> {
    await this.endpoint.close();
    await this.pops.close();
  }
}
