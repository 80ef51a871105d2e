#!/usr/bin/env node
import { mqshutdown } from '../dist/rocketmq-commands.js';
import { runProgram } from '../dist/run-program.js';

await runProgram(mqshutdown());
