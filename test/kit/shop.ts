import { spawnSync } from 'node:child_process';
import { freePort } from './ports.js';
import { HalfmqProcess } from './process.js';
import { until } from './until.js';

/** Whether the shop has its shipping service, which is in Python. CI has it. */
export const ships = spawnSync('python3', ['-c', 'import sqlite3']).status === 0;
if (!ships && process.env['CI'] === 'true') throw new Error('python3 is needed here');
/** Of an order that went well. */
export const LAST_STATE = ships ? 'shipped' : 'paid';

export interface Finding {
  readonly name: string;
  readonly title: string;
  readonly holds: boolean;
  readonly broken: number;
  readonly settling: number;
  readonly detail: string;
  readonly sql: string;
}

export interface OrderAnswer {
  readonly orderId: string;
  readonly state: string;
  readonly note: string | null;
  readonly way: readonly {
    readonly service: string;
    readonly effect: string;
    readonly messageId: string | null;
  }[];
}

interface ProcessAnswer {
  readonly name: string;
  readonly state: string;
  readonly where: string;
  readonly pid: number;
  readonly restarts: number;
}

interface Fleet {
  readonly processes: readonly ProcessAnswer[];
  readonly load: {
    readonly running: boolean;
    readonly placed: number;
    readonly refused: number;
    readonly lost: number;
  } | null;
}

export interface Answer<T> {
  readonly status: number;
  readonly type: string;
  readonly body: T;
}

/** The demo shop as its user starts it: `halfmq shop`, every part a process of its own, on free ports. */
export class ShopProcess {
  private constructor(
    readonly process: HalfmqProcess,
    readonly url: string,
  ) {}

  /** @param env settings of the shop, over free ports and no database of the machine's own */
  static async start(env: NodeJS.ProcessEnv = {}): Promise<ShopProcess> {
    const shop = new HalfmqProcess(['shop'], /Ctrl-C stops/, {
      DATABASE_URL: '',
      HALFMQ_SHOP_PORT: '0',
      HALFMQ_NAMESRV_PORT: '0',
      HALFMQ_BROKER_PORT: String(await freePort()),
      HALFMQ_HTTP_PORT: '0',
      ...env,
    });
    await shop.start(60_000);
    const url = /shop is open: (\S+)/.exec(shop.log)?.[1];
    if (url === undefined) throw new Error(`the shop named no address:\n${shop.log}`);
    return new ShopProcess(shop, url);
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    const json = { 'content-type': 'application/json' };
    const content = body === undefined ? {} : { headers: json, body: JSON.stringify(body) };
    const answer = await fetch(`${this.url}${path}`, { method, ...content });
    const type = answer.headers.get('content-type') ?? '';
    return { status: answer.status, type, body: (await answer.json()) as T };
  }

  async get<T>(path: string): Promise<T> {
    return (await this.call<T>('GET', path)).body;
  }

  /** Places an order and answers its id. */
  async place(wish: { sku: string; quantity: number; customer: string }): Promise<string> {
    const { status, body } = await this.call<{ orderId: string }>('POST', '/api/orders', wish);
    if (status !== 201) throw new Error(`not placed: ${status} ${JSON.stringify(body)}`);
    return body.orderId;
  }

  order(orderId: string): Promise<OrderAnswer> {
    return this.get(`/api/orders/${orderId}`);
  }

  findings(): Promise<Finding[]> {
    return this.get('/api/invariants');
  }

  async fleet(): Promise<Fleet> {
    const { fleet } = await this.get<{ fleet: Fleet | null }>('/api/processes');
    if (fleet === null) throw new Error('the order service has not heard of the other processes yet');
    return fleet;
  }

  async processOf(name: string): Promise<ProcessAnswer> {
    const found = (await this.fleet()).processes.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no process ${name}`);
    return found;
  }

  /** Waits until no order, message or difference is under way any more; answers the board as it is then. */
  quiet(limitMs = 40_000): Promise<Finding[]> {
    return until(
      'the shop is quiet',
      async () => {
        const load = (await this.fleet()).load;
        const findings = await this.findings();
        return load?.running !== true && findings.every(({ settling }) => settling === 0) && findings;
      },
      limitMs,
    );
  }

  /** Where its data lies. */
  get folder(): string {
    return /data +(\S+)/.exec(this.process.log)?.[1] ?? '';
  }

  /** Every process id of the shop, the supervisor's included. */
  async pids(): Promise<number[]> {
    const own = this.process.pid;
    const others = (await this.fleet()).processes.map(({ pid }) => pid);
    return own === undefined ? others : [own, ...others];
  }

  stop(): Promise<void> {
    return this.process.stop();
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
