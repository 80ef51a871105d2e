import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock, type Log } from '@halfmq/remoting';
import { startBroker, type RunningBroker } from '../broker.js';
import { WireClient } from './wire-client.js';

/** The real broker on a real store and real sockets, with a clock that the spec moves. */
export class Rig {
  private readonly clients: WireClient[] = [];

  private constructor(
    readonly folder: string,
    readonly clock: ManualClock,
    private readonly properties: Readonly<Record<string, string>>,
    private readonly log: Log | undefined,
    private broker: RunningBroker,
  ) {}

  static async start(properties: Readonly<Record<string, string>> = {}, log?: Log): Promise<Rig> {
    const folder = await mkdtemp(join(tmpdir(), 'halfmq-broker-'));
    const clock = new ManualClock(Date.UTC(2026, 10, 25));
    return new Rig(folder, clock, properties, log, await start(folder, clock, properties, log));
  }

  client(): WireClient {
    const client = new WireClient(`127.0.0.1:${this.broker.port}`);
    this.clients.push(client);
    return client;
  }

  /** Ends it in good order, and starts it again on the same store. Its clients have to be made anew. */
  async restart(meanwhile: (folder: string) => Promise<void> = () => Promise.resolve()): Promise<void> {
    await this.disconnect();
    await this.broker.close();
    await meanwhile(this.folder);
    this.broker = await start(this.folder, this.clock, this.properties, this.log);
  }

  /**
   * What a kill leaves: the folder as it is at this moment, opened by a new broker. The old one goes on with its own
   * folder and is closed, so nothing it does afterwards is seen.
   */
  async killed(): Promise<Rig> {
    const folder = await mkdtemp(join(tmpdir(), 'halfmq-broker-'));
    await cp(this.folder, folder, { recursive: true });
    await this.close();
    const broker = await start(folder, this.clock, this.properties, this.log);
    return new Rig(folder, this.clock, this.properties, this.log, broker);
  }

  async close(): Promise<void> {
    await this.disconnect();
    await this.broker.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async disconnect(): Promise<void> {
    await Promise.all(this.clients.splice(0).map((client) => client.close()));
  }
}

/** Turns of the event loop until the condition holds; fails after so many that it never will. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20_000; turn++) {
    if (condition()) return;
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
  throw new Error(`waited in vain until ${what}`);
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
      namesrvAddr: '',
      ...properties,
    },
  });
}
