import 'reflect-metadata';
import {
  decodeFrame,
  DONE,
  HandlerTable,
  pullMessage,
  RemotingServer,
  sendMessageResponse,
  sendMessageV2,
  silentLog,
  systemClock,
  type Outcome,
  type RequestSpec,
  type SendMessageHeader,
} from '@halfmq/remoting';
import { Request, RemotingTransport } from '@halfmq/remoting/nest';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { freePort } from '../kit/ports.js';
import { jsonFrame, sends } from './frames.js';
import { run } from './load.js';
import { measure } from './measure.js';
import { node, startServer } from './server.js';

/**
 * `node test/dist/bench/remoting.js`: what the wire alone costs a message, without a store behind it. First the reading
 * of a header, then a server of its own process that answers sends at once: a plain handler, and a Nest controller.
 */

const BODY = Buffer.alloc(1024, 'x');
const PROPERTIES =
  'UNIQ_KEY\u00017F00000100002A9F0000000000000001\u0002WAIT\u0001true\u0002TAGS\u0001TagA\u0002';
const SEND = fieldsOf(
  `a=bench b=BenchTopic c=TBW102 d=4 e=0 f=0 g=1700000000000 h=0 j=0 k=false m=false n=bench`,
  {
    i: PROPERTIES,
  },
);
const PULL = fieldsOf(
  'consumerGroup=bench topic=BenchTopic queueId=0 queueOffset=0 maxMsgNums=32 sysFlag=4 commitOffset=0 ' +
    'suspendTimeoutMillis=0 subscription=* subVersion=0 expressionType=TAG',
);

function fieldsOf(text: string, more: Record<string, string> = {}): Record<string, string> {
  const fields = text
    .split(' ')
    .map((field): [string, string] => [
      field.slice(0, field.indexOf('=')),
      field.slice(field.indexOf('=') + 1),
    ]);
  return { ...Object.fromEntries(fields), ...more };
}

function answer(header: SendMessageHeader): Outcome {
  return {
    status: 'OK',
    header: sendMessageResponse.encode({
      msgId: '0A00000100002A9F0000000000001000',
      queueId: header.queueId,
      queueOffset: 5,
      transactionId: '7F00000100002A9F0000000000000001',
      MSG_REGION: 'DefaultRegion',
      TRACE_ON: 'true',
    }),
  };
}

@Controller()
class Sends {
  @Request(sendMessageV2)
  send(header: SendMessageHeader): Outcome {
    return answer(header);
  }
}

@Module({ controllers: [Sends] })
class Application {}

async function serve(port: number, how: string): Promise<void> {
  const common = { clock: systemClock, log: silentLog };
  if (how === 'plain') {
    const handlers = new HandlerTable().add(sendMessageV2, answer);
    await new RemotingServer({ ...common, handlers }).listen(port, '127.0.0.1');
    return;
  }
  const strategy = new RemotingTransport({ ...common, listen: [{ port, host: '127.0.0.1' }] });
  const application = await NestFactory.createMicroservice(Application, { strategy, logger: false });
  await application.listen();
}

/** ns a call, the best of a few rounds. */
function time(call: () => unknown): number {
  const rounds = Array.from({ length: 100 }, () => {
    const count = 1_000;
    const begun = performance.now();
    for (let i = 0; i < count; i++) call();
    return ((performance.now() - begun) * 1e6) / count;
  });
  return Math.round(Math.min(...rounds));
}

function readers(): void {
  const cases: [string, number, Record<string, string>, RequestSpec<unknown>][] = [
    ['SEND_MESSAGE_V2', 310, SEND, sendMessageV2],
    ['PULL_MESSAGE', 11, PULL, pullMessage],
  ];
  for (const [name, code, fields, spec] of cases) {
    const frame = jsonFrame(code, fields, BODY).subarray(4);
    const end = 4 + (frame.readInt32BE(0) & 0xffffff);
    const read = time(() => decodeFrame(frame));
    const { reader } = new HandlerTable().add(spec, () => DONE);
    const typed = time(() => reader.read(frame));
    const byTable = time(() => spec.decode(decodeFrame(frame).extFields ?? {}));
    const parse = time(() => JSON.parse(frame.toString('utf8', 4, end)));
    console.log(
      `${name}: typed header ${typed} ns (extFields ${read} ns, then typed ${byTable} ns; JSON.parse alone ${parse} ns)`,
    );
  }
}

async function server(how: string): Promise<void> {
  const port = await freePort();
  const script = new URL(import.meta.url).pathname;
  const running = await startServer(node(port, script, ['serve', String(port), how]));
  const load = { targets: [running], connections: 4, window: 64, frames: sends };
  await run({ ...load, total: 40_000 });
  const { perSecond, cpuMicros = 0 } = await measure([running], () => run({ ...load, total: 400_000 }));
  await running.stop();
  console.log(`${how}: ${Math.round(perSecond ?? 0)} sends/s, ${cpuMicros.toFixed(2)} us of server CPU each`);
}

const [, , mode, port, how] = process.argv;
if (mode === 'serve') {
  await serve(Number(port), how ?? 'plain');
} else {
  readers();
  await server('plain');
  await server('nest');
}
