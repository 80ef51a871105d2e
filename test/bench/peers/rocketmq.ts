import { ApacheRocketMq } from '../../compat/apache/apache-rocketmq.js';
import { sends } from '../frames.js';
import { usageOf } from '../server.js';
import type { Peer } from './peer.js';
import { isInstalled } from './spoken.js';

/** What the launcher sets smaller for tests, back to RocketMQ's own defaults, in a heap of 1 GiB. */
const DEFAULTS = {
  mapedFileSizeCommitLog: String(1024 ** 3),
  mapedFileSizeConsumeQueue: String(300_000 * 20),
  transactionTimeOut: '6000',
  transactionCheckInterval: '30000',
  transactionOpBatchInterval: '3000',
  // it refuses what waited longer than 200 ms, which a load of this kind does on a slow machine
  waitTimeMillsInSendQueue: '10000',
  osPageCacheBusyTimeOutMills: '10000',
};
const JVM = ['-Xms1g', '-Xmx1g'];

/** Apache RocketMQ from Maven Central, name server included, under the very frames our broker gets. */
export const rocketmq: Peer = {
  name: 'Apache RocketMQ',
  durability: { async: 'flushDiskType=ASYNC_FLUSH', sync: 'flushDiskType=SYNC_FLUSH' },
  missing: () => (isInstalled('java') && isInstalled('mvn') ? undefined : 'no java and mvn in the path'),
  async start(mode) {
    const begun = performance.now();
    const flushDiskType = mode === 'sync' ? 'SYNC_FLUSH' : 'ASYNC_FLUSH';
    const server = await ApacheRocketMq.start({ ...DEFAULTS, flushDiskType }, JVM);
    return {
      port: Number(server.brokerAddress.split(':')[1]),
      startMs: performance.now() - begun,
      ...usageOf(server.pids),
      stop: () => server.stop(),
    };
  },
  frames: sends,
};
