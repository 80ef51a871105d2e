import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from '../kit/cluster.js';
import { keepOutput } from '../kit/tied-process.js';
import { until } from '../kit/until.js';
import { buildClients, CLIENT_VERSIONS, javaIsHere, librariesOf, run } from './java-clients.js';

const suite = javaIsHere() ? describe : describe.skip;
const WRITTEN = '127.0.0.1:9876';
const A_BUSY_MACHINE_MS = 120_000;
const OPTIONS = [
  '-Xmx128m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Drocketmq.client.logUseSlf4j=false',
];

/** The programs docs/migrate.md shows, each compiled and run as it stands there, at this cluster's address. */
suite.each(CLIENT_VERSIONS)(
  'SimpleProducer and SimpleConsumer of a RocketMQ user, with client %s',
  (version) => {
    let cluster: Cluster;
    let folder: string;
    beforeAll(async () => {
      await buildClients(version);
      cluster = await Cluster.start();
      folder = await mkdtemp(join(tmpdir(), 'halfmq-moved-'));
    });
    afterAll(async () => {
      await cluster?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    /** The arguments of a `java` that compiles and runs it. */
    async function program(name: string): Promise<string[]> {
      const path = fileURLToPath(new URL(`java/moved/${name}.java`, import.meta.url));
      const source = await readFile(path, 'utf8');
      expect(source.split(WRITTEN)).toHaveLength(2);
      const file = join(folder, `${name}.java`);
      await writeFile(file, source.replace(WRITTEN, cluster.nameServer));
      return [...OPTIONS, `-Duser.home=${folder}`, '-cp', librariesOf(version), file];
    }

    it('run on HalfMQ with nothing but the address changed', async () => {
      const said = await run('java', await program('SimpleProducer'));
      expect(said.filter((line) => line === 'SEND_OK')).toHaveLength(10);
      const child = spawn('java', await program('SimpleConsumer'));
      const heard = keepOutput(child);
      const ended = once(child, 'close');
      try {
        await until(
          'ten messages were consumed',
          () => {
            if (child.exitCode !== null) throw new Error(heard());
            return new Set(heard().match(/Hello \d/g)).size === 10;
          },
          A_BUSY_MACHINE_MS,
        );
      } finally {
        child.kill();
        await ended;
      }
    });
  },
);
