import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { resultOf, run } from './java-clients.js';
import { isHere, type Toolchain } from './toolchains.js';

const PROJECT = fileURLToPath(new URL('go-grpc/', import.meta.url));
const PROGRAM = `${PROJECT}target/compat-grpc`;
const GO: Toolchain = {
  needs: 'suites of the official Go client over gRPC, which need Go 1.24 or newer',
  // an older one does not read this module
  commands: [['go', '-C', PROJECT, 'list', '-m']],
};

/** As in test/compat/go-grpc/go.mod. */
export const GO_GRPC_VERSION = '5.1.3';

/** What `go` says of a module proxy that has not the module, refuses it or is not there. */
const NOT_SERVED =
  /: (403 Forbidden|404 Not Found|410 Gone|5\d\d [A-Z])|dial tcp|module lookup disabled|i\/o timeout|git ls-remote/;

let served: boolean | undefined;

/**
 * Whether this machine can run the suite. Proxies serve what they please: a module that cannot be had is said and skipped,
 * on a machine of CI too.
 * @throws Error on a machine of CI whose Go is too old or missing
 */
export function goGrpcIsHere(): boolean {
  if (!isHere(GO)) return false;
  if (served !== undefined) return served;
  const { status, stderr } = spawnSync('go', ['-C', PROJECT, 'list', '-deps', '.'], { encoding: 'utf8' });
  // anything else fails in the build, which says what it is
  served = status === 0 || !NOT_SERVED.test(stderr);
  if (!served)
    process.stdout.write(
      'skipped: suites of the official Go client over gRPC, whose module is not served here\n',
    );
  return served;
}

/** Go's own cache knows what has to be done. */
export async function buildGoGrpcClient(): Promise<void> {
  await mkdir(`${PROJECT}target`, { recursive: true });
  await run('go', ['build', '-o', PROGRAM, '.'], { cwd: PROJECT });
}

/** Runs one scenario (test/compat/go-grpc) and answers what it saw. */
export async function runGoGrpc(
  scenario: string,
  endpoint: string,
  topic: string,
): Promise<Record<string, unknown>> {
  // its log, which would be in /logs; that of its connections is /tmp/rocketmq-logger.log, whatever is set
  const env = { 'rocketmq.client.logRoot': `${PROJECT}target/logs` };
  return resultOf(`${scenario} on Go`, await run(PROGRAM, [scenario, endpoint, topic], { env }));
}
