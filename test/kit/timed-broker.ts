import { cpSync, mkdtempSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock, type Log } from '@halfmq/remoting';
import { startBroker, type MessageStore, type RunningBroker } from '@halfmq/broker';
import { WireClient } from './wire-client.js';

const HEARTBEAT_MS = 30_000;

/** A real broker in the test's process, on a real store and real sockets, with a clock that the test moves. */
export class TimedBroker {
  private readonly clients: WireClient[] = [];

  private constructor(
    readonly folder: string,
    readonly clock: ManualClock,
    private readonly properties: Readonly<Record<string, string>>,
    private readonly log: Log | undefined,
    private running: RunningBroker,
  ) {}

  static async start(properties: Readonly<Record<string, string>> = {}, log?: Log): Promise<TimedBroker> {
    const folder = await mkdtemp(join(tmpdir(), 'halfmq-broker-'));
    const clock = new ManualClock(Date.UTC(2026, 10, 25));
    return new TimedBroker(folder, clock, properties, log, await start(folder, clock, properties, log));
  }

  get port(): number {
    return this.running.port;
  }

  get httpPort(): number | undefined {
    return this.running.httpPort;
  }

  get grpcPort(): number | undefined {
    return this.running.grpcPort;
  }

  get store(): MessageStore {
    return this.running.store;
  }

  client(): WireClient {
    const client = new WireClient(`127.0.0.1:${this.running.port}`);
    this.clients.push(client);
    return client;
  }

  /** Time passes; these clients send their heartbeats meanwhile, and have got what was sent to them when it returns. */
  async pass(ms: number, ...clients: readonly WireClient[]): Promise<void> {
    for (let left = ms; left > 0; left -= HEARTBEAT_MS) {
      await this.clock.advance(Math.min(left, HEARTBEAT_MS));
      for (const client of clients) await client.beat();
    }
  }

  /** Ends it in good order, and starts it again on the same store. Its clients have to be made anew. */
  async restart(
    meanwhile: (folder: string) => Promise<void> = () => Promise.resolve(),
    more: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await this.disconnect();
    await this.running.close();
    await meanwhile(this.folder);
    this.running = await start(this.folder, this.clock, { ...this.properties, ...more }, this.log);
  }

  /**
   * What a kill leaves: the folder as it is at this moment, opened by a new broker. The old one goes on with its own
   * folder and is closed, so nothing it does afterwards is seen.
   * @param dead called at that moment: what is answered later was not answered
   */
  async killed(dead: () => void = () => undefined): Promise<TimedBroker> {
    const folder = mkdtempSync(join(tmpdir(), 'halfmq-broker-'));
    cpSync(this.folder, folder, { recursive: true });
    dead();
    await this.close();
    const broker = await start(folder, this.clock, this.properties, this.log);
    return new TimedBroker(folder, this.clock, this.properties, this.log, broker);
  }

  /** In good order, with its clients connected. */
  stop(): Promise<void> {
    return this.running.close();
  }

  async close(): Promise<void> {
    await this.disconnect();
    await this.running.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async disconnect(): Promise<void> {
    await Promise.all(this.clients.splice(0).map((client) => client.close()));
  }
}

function start(
  folder: string,
  clock: ManualClock,
  properties: Readonly<Record<string, string>>,
  log: Log | undefined,
): Promise<RunningBroker> {
  return startBroker({
    clock,
    log,
    properties: {
      storePathRootDir: folder,
      brokerName: 'broker-a',
      brokerIP1: '127.0.0.1',
      listenPort: '0',
      bindAddress: '127.0.0.1',
      httpPort: '0',
      grpcServerPort: '0',
      namesrvAddr: '',
      ...properties,
    },
  });
}
