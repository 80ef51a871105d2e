import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveClassPath } from './class-path.js';

/** RocketMQ's own `mqadmin`, unmodified, from Maven Central. */
export class MqAdmin {
  private constructor(
    private readonly folder: string,
    private readonly classPath: string,
    private readonly nameServer: string,
  ) {}

  static async start(nameServer: string): Promise<MqAdmin> {
    const folder = await mkdtemp(join(tmpdir(), 'mqadmin-'));
    return new MqAdmin(folder, await resolveClassPath(folder), nameServer);
  }

  /** @returns what it prints. It ends with 0 whatever happens: an error is a stack trace among the lines */
  async run(command: string, ...options: readonly string[]): Promise<string> {
    const args = [
      '-Xmx128m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      `-Drocketmq.home.dir=${this.folder}`,
      `-Duser.home=${this.folder}`,
      '-cp',
      this.classPath,
      'org.apache.rocketmq.tools.command.MQAdminStartup',
      command,
      '-n',
      this.nameServer,
      ...options,
    ];
    const child = spawn('java', args, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    await once(child, 'close');
    return printed;
  }

  end(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
