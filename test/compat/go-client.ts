import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { resultOf, run } from './java-clients.js';
import { isHere, type Toolchain } from './toolchains.js';

const PROJECT = fileURLToPath(new URL('go/', import.meta.url));
const PROGRAM = `${PROJECT}target/compat`;
const GO: Toolchain = {
  needs: 'suites of the official Go client, which need Go 1.19 or newer',
  commands: [['go', 'version']],
};

/** The release that its module's version (test/compat/go/go.mod) goes before. */
export const GO_CLIENT_VERSION = '2.1.3';

/** Whether this machine can run Go suites. @throws Error on a machine of CI that cannot */
export const goIsHere = (): boolean => isHere(GO);

/** Go's own cache knows what has to be done. */
export async function buildGoClient(): Promise<void> {
  await mkdir(`${PROJECT}target`, { recursive: true });
  await run('go', ['build', '-o', PROGRAM, '.'], { cwd: PROJECT });
}

/** Runs one scenario (test/compat/go) and answers what it saw. */
export async function runGoScenario(
  scenario: string,
  nameServer: string,
  topic: string,
): Promise<Record<string, unknown>> {
  // offsets of broadcasts are kept there
  const env = { HOME: `${PROJECT}target` };
  return resultOf(`${scenario} on Go`, await run(PROGRAM, [scenario, nameServer, topic], { env }));
}
