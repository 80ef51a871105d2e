import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  decodeTopicRouteData,
  getRouteinfoByTopic,
  RemotingClient,
  ResponseCode,
  silentLog,
  systemClock,
} from '@halfmq/remoting';
import { freePort } from '../../kit/ports.js';
import { until } from '../../kit/until.js';
import { resolveClassPath } from './class-path.js';

const LOG_LIMIT = 64 * 1024;
export const SMALL_JVM: readonly string[] = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xss512k'];

const FIRST_BROKER = 'apache-a';

/** Broker settings that keep it small and quick to ask back; tests may override them. */
const SETTINGS: Readonly<Record<string, string>> = {
  brokerClusterName: 'DefaultCluster',
  brokerName: FIRST_BROKER,
  brokerId: '0',
  brokerRole: 'ASYNC_MASTER',
  brokerIP1: '127.0.0.1',
  autoCreateTopicEnable: 'true',
  enablePropertyFilter: 'true',
  registerNameServerPeriod: '10000',
  autoCreateSubscriptionGroup: 'true',
  mapedFileSizeCommitLog: String(16 * 1024 * 1024),
  mapedFileSizeConsumeQueue: '60000',
  diskMaxUsedSpaceRatio: '99',
  // levels 3 and 4 are the first two retries
  messageDelayLevel: '1s 1s 1s 1s 1s 1s',
  transactionTimeOut: '2000',
  transactionCheckInterval: '1000',
  // it writes verdicts down this late; a check that comes before asks about a decided message, and delivers it again
  transactionOpBatchInterval: '100',
};

/** An unmodified Apache RocketMQ from Maven Central: one name server, one broker, loopback, a folder of its own. */
export class ApacheRocketMq {
  private readonly children = new Map<string, ChildProcess>();

  private constructor(
    private readonly folder: string,
    private readonly classPath: string,
    private readonly jvm: readonly string[],
    /** host:port */
    readonly nameServer: string,
    readonly brokerAddress: string,
  ) {}

  /**
   * @param settings broker settings over the launcher's own
   * @param jvm options of both JVMs; a small one's by default
   * @param version the one of the client's compatibility tests by default
   */
  static async start(
    settings: Readonly<Record<string, string>> = {},
    jvm: readonly string[] = SMALL_JVM,
    version?: string,
  ): Promise<ApacheRocketMq> {
    const folder = await mkdtemp(join(tmpdir(), 'apache-rocketmq-'));
    const [namesrv, broker, ha] = [await freePort(), await freePort(), await freePort()];
    const classPath = await resolveClassPath(folder, version);
    const addresses = [`127.0.0.1:${namesrv}`, `127.0.0.1:${broker}`] as const;
    const server = new ApacheRocketMq(folder, classPath, jvm, ...addresses);
    const ports = { listenPort: String(broker), haListenPort: String(ha) };
    try {
      await server.writeProperties('namesrv', { listenPort: String(namesrv) });
      await server.writeBroker('broker', { ...ports, ...settings });
      await server.launch('org.apache.rocketmq.namesrv.NamesrvStartup', 'namesrv', '-Xmx128m');
      await server.startBroker('broker', settings['brokerName'] ?? FIRST_BROKER);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get version(): string {
    return /rocketmq-broker-([\d.]+)\.jar/.exec(this.classPath)?.[1] ?? 'of unknown version';
  }

  get pids(): number[] {
    return [...this.children.values()].flatMap(({ pid }) => pid ?? []);
  }

  /** Another master of the cluster. */
  async addBroker(name: string, settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const [listenPort, haListenPort] = [String(await freePort()), String(await freePort())];
    await this.writeBroker(name, { brokerName: name, listenPort, haListenPort, ...settings });
    await this.startBroker(name);
  }

  /** SIGKILL, and the first broker again. */
  async restartFirst(): Promise<void> {
    await this.kill('broker');
    await this.startBroker('broker', FIRST_BROKER);
  }

  /** Starts a broker of `addBroker` again. */
  async startBroker(name: string, brokerName = name): Promise<void> {
    await this.launch('org.apache.rocketmq.broker.BrokerStartup', name, '-Xmx512m');
    await registered(this.nameServer, brokerName);
  }

  /** SIGKILL: it keeps its folder and port. */
  async kill(name: string): Promise<void> {
    const child = this.children.get(name);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async stop(): Promise<void> {
    for (const name of [...this.children.keys()].reverse()) await this.kill(name);
    await rm(this.folder, { recursive: true, force: true });
  }

  private writeBroker(name: string, settings: Readonly<Record<string, string>>): Promise<void> {
    return this.writeProperties(name, {
      ...SETTINGS,
      namesrvAddr: this.nameServer,
      storePathRootDir: join(this.folder, `store-${name}`),
      storePathCommitLog: join(this.folder, `store-${name}`, 'commitlog'),
      ...settings,
    });
  }

  private writeProperties(name: string, properties: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`);
    return writeFile(join(this.folder, `${name}.conf`), lines.join(''));
  }

  private async launch(main: string, name: string, heap: string): Promise<void> {
    const child = spawn(
      'java',
      [
        heap,
        ...this.jvm,
        `-Drocketmq.home.dir=${this.folder}`,
        `-Duser.home=${this.folder}`,
        '-cp',
        this.classPath,
        main,
        '-c',
        join(this.folder, `${name}.conf`),
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], cwd: this.folder },
    );
    this.children.set(name, child);
    await readyLine(child, name);
  }
}

function readyLine(child: ChildProcess, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(() => reject(new Error(`Apache's ${name} is not ready:\n${output}`)), 60_000);
    const take = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-LOG_LIMIT);
      if (!/boot success/.test(output)) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`Apache's ${name} ended with ${signal ?? code}:\n${output}`));
    });
  });
}

/**
 * Ready is not registered: a broker that has no connection to the name server yet when it starts leaves its first
 * registration out, without a word, and the next one comes ten seconds later.
 */
async function registered(nameServer: string, brokerName: string): Promise<void> {
  const client = new RemotingClient({ clock: systemClock, log: silentLog });
  const header = { topic: 'TBW102', acceptStandardJsonOnly: true };
  try {
    const known = async (): Promise<boolean> => {
      const timeoutMs = 3_000;
      const answer = await client.request(nameServer, getRouteinfoByTopic, header, undefined, { timeoutMs });
      if (answer.code !== ResponseCode.SUCCESS) return false;
      const { brokerDatas } = decodeTopicRouteData(answer.body);
      return brokerDatas.some((broker) => broker.brokerName === brokerName);
    };
    await until(`${brokerName} is registered`, known, 60_000);
  } finally {
    await client.close();
  }
}
