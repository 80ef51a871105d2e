#!/usr/bin/env node
import { failureText } from './failure-text.js';
import { createProgram } from './program.js';

try {
  await createProgram().parseAsync();
} catch (error) {
  process.stderr.write(`halfmq: ${failureText(error, process.env)}\n`);
  // what a failed start left open must not keep the process
  process.exit(1);
}
