import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
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

/** Prints for each what it wrote, the error's message if it threw, and its exit code. */
const ONE_BY_ONE = `
const { createProgram } = await import(process.argv[1]);
let out = '';
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = (text) => ((out += text), true);
const all = [];
for (const args of JSON.parse(process.argv[2])) {
  let err = '';
  process.exitCode = 0;
  const program = createProgram().exitOverride();
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
export async function halfmqInTurn(commands: readonly (readonly string[])[]): Promise<Ended[]> {
  const program = new URL('../dist/program.js', pathToFileURL(HALFMQ[1])).href;
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
