import { spawn } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { HALFMQ } from './process.js';

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs one `halfmq` command to its end. */
export function halfmq(
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<Ended> {
  return ended([HALFMQ[1], ...args], options);
}

/** Runs a command under RocketMQ's name to its end. */
export function rocketmqCommand(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  return ended([binOf(name), ...args], { env });
}

export const binOf = (name: string): string =>
  fileURLToPath(new URL(`../bin/${name}.js`, pathToFileURL(HALFMQ[1])));

/** Prints for each what it wrote, the error's message if it threw, and its exit code. */
const ONE_BY_ONE = `
const programs = await import(process.argv[1]);
let out = '';
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = (text) => ((out += text), true);
const all = [];
for (const typed of JSON.parse(process.argv[2])) {
  let err = '';
  process.exitCode = 0;
  const [name, ...rest] = typed;
  const [make, args] = programs.createProgram ? [programs.createProgram, typed] : [programs[name], rest];
  const program = make().exitOverride().configureOutput({ writeErr: (text) => (err += text) });
  for (const command of [...program.commands, ...program.commands.flatMap((each) => each.commands)])
    command.exitOverride().configureOutput({ writeErr: (text) => (err += text) });
  await program.parseAsync(args, { from: 'user' }).catch((error) => {
    process.exitCode = 1;
    err += error.message;
  });
  all.push({ code: process.exitCode, out, err });
  out = '';
}
process.exitCode = 0;
write(JSON.stringify(all));
`;

/** Runs several, one after the other, in one process: starting one takes longer than most of them. */
export function halfmqInTurn(commands: readonly (readonly string[])[]): Promise<Ended[]> {
  return inTurn('program', commands);
}

/** The same with RocketMQ's names: `['mqbroker', '-h']`. */
export function rocketmqInTurn(commands: readonly (readonly string[])[]): Promise<Ended[]> {
  return inTurn('rocketmq-commands', commands);
}

async function inTurn(module: string, commands: readonly (readonly string[])[]): Promise<Ended[]> {
  const program = new URL(`../dist/${module}.js`, pathToFileURL(HALFMQ[1])).href;
  const args = ['--input-type=module', '-e', ONE_BY_ONE, program, JSON.stringify(commands)];
  const { out, err, code } = await ended(args);
  if (code !== 0) throw new Error(err);
  return JSON.parse(out) as Ended[];
}

function ended(
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(HALFMQ[0], args, { env: { ...process.env, ...options.env } });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err }));
    child.stdin.end(options.input ?? '');
  });
}
