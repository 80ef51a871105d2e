import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ApacheRocketMq } from '../compat/apache/apache-rocketmq.js';
import { Cluster } from '../kit/cluster.js';
import type { Timings } from './target.js';

/** Of the whole repository: beside the folder of this package, wherever this file is compiled to. */
const PACKAGE = join(
  createRequire(import.meta.url).resolve('@halfmq/test/package.json'),
  '../../package.json',
);

const NEWEST_APACHE = '5.5.0';

/** A server of our own to be tried: as it comes, but for quick checks. */
export interface Started {
  readonly name: string;
  readonly nameServer: string;
  /** SIGKILL, and the same broker again */
  readonly kill: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export type Make = 'halfmq' | 'apache';

export function start(make: Make, timings: Timings): Promise<Started> {
  const settings = {
    transactionTimeOut: String(timings.timeoutMs),
    transactionCheckInterval: String(timings.intervalMs),
    transactionCheckMax: String(timings.checks),
  };
  return make === 'halfmq' ? halfmq(settings) : apache(settings);
}

async function halfmq(settings: Readonly<Record<string, string>>): Promise<Started> {
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
  const cluster = await Cluster.start(settings);
  return {
    name: `HalfMQ ${version}`,
    nameServer: cluster.nameServer,
    kill: () => cluster.broker.restart(),
    stop: () => cluster.stop(),
  };
}

async function apache(settings: Readonly<Record<string, string>>): Promise<Started> {
  const server = await ApacheRocketMq.start(settings, undefined, NEWEST_APACHE);
  return {
    name: `Apache RocketMQ ${server.version}`,
    nameServer: server.nameServer,
    kill: () => server.restartFirst(),
    stop: () => server.stop(),
  };
}
