import { connect, type ClientHttp2Session } from 'node:http2';
import { GrpcClient, receiveRequest, requestFrame } from '../kit/grpc-client.js';
import { ask, mustBeTaken, receivedOf, type Handle } from './grpc-answers.js';
import { h2load } from './h2load.js';
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

/** Messages of 1 KiB. @param perSecond undefined: as many as are answered */
export async function grpcSending(server: Server, shape: Shape, perSecond?: number): Promise<Measure> {
  const [connections, streams, total] = shape;
  const { port } = server;
  const where = { port, path: `${SERVICE}/SendMessage`, body: SEND, headers: HEADERS };
  const pace = perSecond === undefined ? {} : { perSecond };
  const session = connect(`http://127.0.0.1:${port}`);
  const usual = await ask(session, 'SendMessage', SEND).finally(() => session.destroy());
  mustBeTaken(usual);
  return measure([server], async () => {
    const result = await h2load({ ...where, connections, streams, total, ...pace });
    // what refuses everything is fast
    if (Math.abs(result.answerBytes - usual.length) > ANSWERS_DIFFER_BY)
      throw new Error(`sends were refused: ${result.answerBytes} bytes an answer, not ${usual.length}`);
    return result;
  });
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
