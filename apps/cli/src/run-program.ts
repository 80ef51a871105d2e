import type { Command } from 'commander';
import { failureText } from './failure-text.js';

/** Runs what was typed; what fails is said in one line, under the name of the command. */
export async function runProgram(program: Command): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    process.stderr.write(`${program.name()}: ${failureText(error, process.env)}\n`);
    // what a failed start left open must not keep the process
    process.exit(1);
  }
}
