import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('java/clients/', import.meta.url));
const LAST_WORDS = 60;

/** The generations of official clients that must work unmodified. */
export const CLIENT_VERSIONS = ['5.3.3', '4.9.8'] as const;
export type ClientVersion = (typeof CLIENT_VERSIONS)[number];

/**
 * Whether this machine can run Java suites. On a machine of CI it must.
 * @throws Error there when it cannot
 */
export function javaIsHere(): boolean {
  const here = ['javac', 'mvn'].every((command) => spawnSync(command, ['-version']).status === 0);
  if (!here && process.env['CI'] === 'true')
    throw new Error('CI needs a JDK and Maven for the official clients');
  if (!here)
    process.stdout.write('skipped: suites of official Java clients need a JDK (11 or newer) and Maven\n');
  return here;
}

/** Compiles the scenarios against one generation of the client. */
export async function buildClients(version: ClientVersion): Promise<void> {
  await run('mvn', ['-q', '-B', `-Drocketmq.version=${version}`, 'package'], { cwd: PROJECT });
}

/** Runs one scenario (test/compat/java/clients) and answers what it saw. */
export async function runScenario(
  version: ClientVersion,
  scenario: string,
  nameServer: string,
): Promise<Record<string, unknown>> {
  const target = `${PROJECT}target/${version}`;
  const lines = await run('java', [
    '-Xmx256m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Drocketmq.client.logUseSlf4j=false',
    '-Drocketmq.client.logLevel=ERROR',
    '-cp',
    `${target}/compat-clients-1.jar:${target}/lib/*`,
    'org.halfmq.compat.Main',
    scenario,
    nameServer,
    version.replaceAll('.', '_'),
  ]);
  const result = lines.findLast((line) => line.startsWith('RESULT '));
  if (result === undefined)
    throw new Error(`${scenario} on ${version} printed no result:\n${lines.join('\n')}`);
  return JSON.parse(result.slice('RESULT '.length)) as Record<string, unknown>;
}

/** The command's last lines; rejects with them when it fails. */
function run(command: string, args: readonly string[], options: { cwd?: string } = {}): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (lines.length > LAST_WORDS) lines.shift();
      });
    }
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(lines);
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}:\n${lines.join('\n')}`));
    });
  });
}
