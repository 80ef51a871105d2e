#!/usr/bin/env node
import { mqbroker } from '../dist/rocketmq-commands.js';
import { runProgram } from '../dist/run-program.js';

await runProgram(mqbroker());
