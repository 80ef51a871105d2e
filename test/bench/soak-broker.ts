import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBroker, systemClock } from '@halfmq/broker';

/**
 * `node test/dist/bench/soak-broker.js PORT FOLDER MINUTES_A_RETENTION`: a broker whose clock is fast, so that the shortest
 * retention RocketMQ knows, an hour, is over in minutes, and segments are unlinked while a soak runs. Only what `now()`
 * says is fast; intervals are what they are. Leaves the size of its heap in the file `heap`.
 */
const [, , port = '0', folder = '.', minutes = '1'] = process.argv;
const begun = Date.now();
const faster = 60 / Number(minutes);
const EVERY_HOUR = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0')).join(';');

await startBroker({
  properties: {
    listenPort: port,
    storePathRootDir: join(folder, 'store'),
    brokerIP1: '127.0.0.1',
    brokerName: 'soak',
    httpPort: '0',
    fileReservedTime: '1',
    deleteWhen: EVERY_HOUR,
  },
  clock: {
    now: () => Math.floor(begun + (Date.now() - begun) * faster),
    monotonic: () => systemClock.monotonic(),
    after: (ms, call) => systemClock.after(ms, call),
  },
});
setInterval(() => writeFileSync(join(folder, 'heap'), String(process.memoryUsage().heapUsed)), 1_000).unref();
