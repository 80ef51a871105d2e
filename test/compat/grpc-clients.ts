import { fileURLToPath } from 'node:url';
import { buildGoGrpcClient, GO_GRPC_VERSION, goGrpcIsHere, runGoGrpc } from './go-grpc-client.js';
import { build, javaIsHere, resultOf, run } from './java-clients.js';
import { pythonIsHere, PythonVenv } from './python-venv.js';
import { isHere, type Toolchain } from './toolchains.js';

const PROJECT = fileURLToPath(new URL('java/grpc/', import.meta.url));
const SOURCES = `${PROJECT}src/main/java/org/halfmq/compat/grpc/`;
const JAR = 'compat-grpc-1.jar';
const NODE_PROGRAM = fileURLToPath(new URL('../dist/compat/grpc-node.js', import.meta.url));

/** An official client of RocketMQ 5, and how its scenarios are run. */
export interface GrpcLanguage {
  readonly name: string;
  readonly version: string;
  /** scenarios for which the client has no API; and what it is told in vain */
  readonly lacks?: readonly string[];
  /** @throws Error on a machine of CI that has not what it takes */
  isHere(): boolean;
  prepare(): Promise<void>;
  run(scenario: string, endpoint: string, topic: string): Promise<Record<string, unknown>>;
}

const JAVA_VERSION = '5.2.0';
/** Its defaults: TLS, and any certificate is trusted. */
const java: GrpcLanguage = {
  name: 'Java (TLS)',
  version: JAVA_VERSION,
  isHere: javaIsHere,
  prepare: () => build(JAVA_VERSION, PROJECT, SOURCES, JAR),
  async run(scenario, endpoint, topic) {
    const target = `${PROJECT}target/${JAVA_VERSION}`;
    const options = [
      '-Xmx256m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      `-Drocketmq.log.root=${target}/logs`,
      '-cp',
      `${target}/${JAR}:${target}/lib/*`,
      'org.halfmq.compat.grpc.Main',
    ];
    return resultOf(`${scenario} on Java`, await run('java', [...options, scenario, endpoint, topic]));
  },
};

/** Its defaults: plain text. */
const node: GrpcLanguage = {
  name: 'Node.js',
  version: '1.0.8',
  // it does not listen to NotifyUnsubscribeLite
  lacks: ['told'],
  isHere: () => true,
  prepare: () => Promise.resolve(),
  async run(scenario, endpoint, topic) {
    // its own log is written there, whatever logger it is given
    const env = { HOME: `${PROJECT}target/node-home` };
    const lines = await run(process.execPath, [NODE_PROGRAM, scenario, endpoint, topic], { env });
    return resultOf(`${scenario} on Node.js`, lines);
  },
};

const pythonVenv = new PythonVenv('grpc');
/** Its defaults: plain text. */
const python: GrpcLanguage = {
  name: 'Python',
  version: '5.1.2',
  lacks: ['lite'],
  isHere: pythonIsHere,
  prepare: () => pythonVenv.prepare(),
  async run(scenario, endpoint, topic) {
    const lines = await pythonVenv.run('grpc_scenarios.py', [scenario, endpoint, topic]);
    return resultOf(`${scenario} on Python`, lines);
  },
};

const RUST_PROJECT = fileURLToPath(new URL('rust/', import.meta.url));
const RUST: Toolchain = {
  needs: 'suites of the official Rust client, which need Cargo and rustc 1.88 or newer',
  commands: [['cargo', '--version']],
};
/** Its defaults: plain text. It has no push consumer. */
const rust: GrpcLanguage = {
  name: 'Rust',
  version: '5.0.0',
  lacks: ['recall', 'invisible', 'lite'],
  isHere: () => isHere(RUST),
  prepare: () => run('cargo', ['build', '--quiet', '--locked'], { cwd: RUST_PROJECT }).then(() => undefined),
  async run(scenario, endpoint, topic) {
    const program = `${RUST_PROJECT}target/debug/compat-grpc`;
    return resultOf(`${scenario} on Rust`, await run(program, [scenario, endpoint, topic]));
  },
};

/** Its defaults: TLS, and any certificate is trusted. */
const go: GrpcLanguage = {
  name: 'Go (TLS)',
  version: GO_GRPC_VERSION,
  lacks: ['recall', 'lite'],
  isHere: goGrpcIsHere,
  prepare: buildGoGrpcClient,
  run: runGoGrpc,
};

export const GRPC_LANGUAGES: readonly GrpcLanguage[] = [java, node, python, rust, go];
