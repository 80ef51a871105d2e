#!/usr/bin/env node
import { mqnamesrv } from '../dist/rocketmq-commands.js';
import { runProgram } from '../dist/run-program.js';

await runProgram(mqnamesrv());
