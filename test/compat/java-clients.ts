import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { isHere, type Toolchain } from './toolchains.js';

const PROJECT = fileURLToPath(new URL('java/clients/', import.meta.url));
const SOURCES = `${PROJECT}src/main/java/org/halfmq/compat/`;
const LAST_WORDS = 60;

/** The generations of official clients that must work unmodified. */
export const CLIENT_VERSIONS = ['5.3.3', '4.9.8'] as const;
export type ClientVersion = (typeof CLIENT_VERSIONS)[number];

const JAVA: Toolchain = {
  needs: 'suites of official Java clients, which need a JDK (11 or newer) and Maven',
  commands: [
    ['javac', '-version'],
    ['mvn', '-version'],
  ],
};

/** Whether this machine can run Java suites. @throws Error on a machine of CI that cannot */
export const javaIsHere = (): boolean => isHere(JAVA);

/** Compiles the scenarios against one generation of the client, unless that was done since they were changed. */
export function buildClients(version: ClientVersion): Promise<void> {
  return build(version, PROJECT, SOURCES, 'compat-clients-1.jar');
}

/** Class path of the built scenarios and of that generation of the client. */
export function librariesOf(version: ClientVersion): string {
  const target = `${PROJECT}target/${version}`;
  return `${target}/compat-clients-1.jar:${target}/lib/*`;
}

/** The same of any project whose pom takes a version. */
export async function build(version: string, project: string, sources: string, name: string): Promise<void> {
  const jar = `${project}target/${version}/${name}`;
  const files = [`${project}pom.xml`, ...(await readdir(sources)).map((file) => `${sources}${file}`)];
  if (existsSync(jar) && (await lastChange([jar])) >= (await lastChange(files))) return;
  await run('mvn', ['-q', '-B', `-Drocketmq.version=${version}`, 'package'], { cwd: project });
}

async function lastChange(files: readonly string[]): Promise<number> {
  const times = await Promise.all(files.map(async (file) => (await stat(file)).mtimeMs));
  return Math.max(...times);
}

/**
 * Runs one scenario (test/compat/java/clients) and answers what it saw.
 * @param onLine is told what it prints meanwhile
 * @param properties of the JVM
 */
export async function runScenario(
  version: ClientVersion,
  scenario: string,
  nameServer: string,
  onLine: (line: string) => void = () => undefined,
  properties: Readonly<Record<string, string>> = {},
): Promise<Record<string, unknown>> {
  const options = [
    ...Object.entries(properties).map(([name, value]) => `-D${name}=${value}`),
    '-Xmx256m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Drocketmq.client.logUseSlf4j=false',
    '-Drocketmq.client.logLevel=ERROR',
    '-cp',
    librariesOf(version),
    'org.halfmq.compat.Main',
    scenario,
    nameServer,
    version.replaceAll('.', '_'),
  ];
  return resultOf(`${scenario} on ${version}`, await run('java', options, { onLine }));
}

/** What a scenario printed as its result. */
export function resultOf(what: string, lines: readonly string[]): Record<string, unknown> {
  const result = lines.findLast((line) => line.startsWith('RESULT '));
  if (result === undefined) throw new Error(`${what} printed no result:\n${lines.join('\n')}`);
  return JSON.parse(result.slice('RESULT '.length)) as Record<string, unknown>;
}

interface Running {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly onLine?: (line: string) => void;
}

/** The command's last lines; rejects with them when it fails. */
export function run(
  command: string,
  args: readonly string[],
  { cwd, env, onLine }: Running = {},
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        onLine?.(line);
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
