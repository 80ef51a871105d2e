import { connect, type ClientHttp2Session } from 'node:http2';
import { GrpcClient, receiveRequest, requestFrame } from '../kit/grpc-client.js';
import { ask, mustBeTaken, receivedOf, type Handle } from './grpc-answers.js';
import { h2load } from './h2load.js';
import { Latencies } from './latencies.js';
import type { Shape } from './loads.js';
import { measure, type Measure } from './measure.js';
import type { Server } from './server.js';

/** What is asked of a gRPC door, and of a server on grpc-js that does nothing but answer. */

const SERVICE = '/apache.rocketmq.v2.MessagingService';
const TOPIC = 'orders';
const HEADERS = { 'content-type': 'application/grpc', te: 'trailers', 'x-mq-client-id': 'bench' };
const WINDOW = 4 * 1024 * 1024;
/** digits of an offset */
const ANSWERS_DIFFER_BY = 8;

const SEND = requestFrame('SendMessage', {
  messages: [
    {
      topic: { name: TOPIC },
      systemProperties: {
        messageId: '01000000000000000000000000000000AB',
        bodyEncoding: 'IDENTITY',
        messageType: 'NORMAL',
        tag: 'TagA',
      },
      body: Buffer.alloc(1_024, 'x'),
    },
  ],
});

/** Messages of 1 KiB, as many as are answered. */
export async function grpcSending(server: Server, shape: Shape): Promise<Measure> {
  const [connections, streams, total] = shape;
  const { port } = server;
  const session = open(port);
  const usual = await ask(session, 'SendMessage', SEND).finally(() => session.destroy());
  mustBeTaken(usual);
  return measure([server], async () => {
    const where = { port, path: `${SERVICE}/SendMessage`, body: SEND, headers: HEADERS };
    const result = await h2load({ ...where, connections, streams, total });
    // what refuses everything is fast
    if (Math.abs(result.answerBytes - usual.length) > ANSWERS_DIFFER_BY)
      throw new Error(`sends were refused: ${result.answerBytes} bytes an answer, not ${usual.length}`);
    return result;
  });
}

/** At a steady rate, from the moment each was due; h2load would send those of ten milliseconds at once. */
export async function grpcSendingPaced(
  server: Server,
  [connections, , total]: Shape,
  perSecond: number,
): Promise<Measure> {
  const sessions = Array.from({ length: connections }, () => open(server.port));
  const every = 1000 / perSecond;
  const latencies = new Latencies(total);
  const send = async (nth: number, due: number): Promise<void> => {
    const session = sessions[nth % connections];
    if (session) mustBeTaken(await ask(session, 'SendMessage', SEND));
    latencies.add(performance.now() - due);
  };
  const all: Promise<void>[] = [];
  const begun = performance.now();
  try {
    // it spins, since a timer's millisecond would be most of what is measured
    while (all.length < total) {
      const due = begun + all.length * every;
      if (due <= performance.now()) all.push(send(all.length, due));
      else await new Promise(setImmediate);
    }
    await Promise.all(all);
    return latencies.percentiles();
  } finally {
    for (const session of sessions) session.destroy();
  }
}

/** As the official clients do, it takes more at once than HTTP/2 does by itself. */
function open(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: WINDOW } });
  session.once('connect', () => session.setLocalWindowSize(WINDOW));
  return session;
}

let groups = 0;

/** A new group receives what the topic holds, 32 at once, and acknowledges them together: so many messages. */
export async function grpcReceiving(server: Server, [connections, streams, total]: Shape): Promise<Measure> {
  const receiver = new Receiver(`received-${groups++}`, new GrpcClient(server.port));
  const sessions = Array.from({ length: connections }, () => open(server.port));
  try {
    await receiver.begin();
    const before = { at: performance.now(), cpu: server.cpuMicros(), main: server.mainMicros() };
    const own = process.cpuUsage();
    const lanes = sessions.flatMap((session) => Array.from({ length: streams }, () => session));
    await Promise.all(lanes.map((session) => receiver.receive(session, total)));
    const { received } = receiver;
    const { user, system } = process.cpuUsage(own);
    return {
      perSecond: received / ((performance.now() - before.at) / 1000),
      cpuMicros: (server.cpuMicros() - before.cpu) / received,
      mainMicros: (server.mainMicros() - before.main) / received,
      loadMicros: (user + system) / received,
    };
  } finally {
    for (const session of sessions) session.destroy();
    receiver.client.close();
  }
}

class Receiver {
  received = 0;
  private readonly group: { readonly name: string };
  private readonly request: Buffer;

  constructor(
    group: string,
    readonly client: GrpcClient,
  ) {
    this.group = { name: group };
    this.request = requestFrame('ReceiveMessage', receiveRequest(group, TOPIC));
  }

  async begin(): Promise<void> {
    await this.client.consumer(this.group.name, TOPIC);
  }

  async receive(session: ClientHttp2Session, total: number): Promise<void> {
    while (this.received < total) {
      const answer = await ask(session, 'ReceiveMessage', this.request, this.client.id);
      const entries = receivedOf(answer);
      if (entries.length === 0) throw new Error(`the topic holds ${this.received} messages only`);
      this.received += entries.length;
      await this.acknowledge(session, entries);
    }
  }

  private async acknowledge(session: ClientHttp2Session, entries: readonly Handle[]): Promise<void> {
    const request = { group: this.group, topic: { name: TOPIC }, entries };
    mustBeTaken(await ask(session, 'AckMessage', requestFrame('AckMessage', request), this.client.id));
  }
}
