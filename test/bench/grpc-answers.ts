import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { fromJSON, type MethodDefinition } from '@grpc/proto-loader';

/** What a load generator looks at of a gRPC door's answers: the rest of the contract's fields it skips unread. */

const SERVICE = '/apache.rocketmq.v2.MessagingService';
const HEADERS = {
  ':method': 'POST',
  'content-type': 'application/grpc',
  te: 'trailers',
};
const OK = 20_000;
/** flag and length before each message */
const HEAD_BYTES = 5;

/** What an acknowledgement names. */
export interface Handle {
  readonly messageId: string;
  readonly receiptHandle: string;
}

interface Said {
  readonly status?: { readonly code: number; readonly message: string };
  readonly message?: { readonly systemProperties: Handle };
}

const definition = fromJSON(
  {
    nested: {
      Status: { fields: { code: { type: 'int32', id: 1 }, message: { type: 'string', id: 2 } } },
      Handle: { fields: { messageId: { type: 'string', id: 3 }, receiptHandle: { type: 'string', id: 12 } } },
      Message: { fields: { systemProperties: { type: 'Handle', id: 3 } } },
      Received: { fields: { status: { type: 'Status', id: 1 }, message: { type: 'Message', id: 2 } } },
      // of all other answers the first field is the status, too
      Answer: { fields: { status: { type: 'Status', id: 1 } } },
      Answers: {
        methods: {
          Receive: { requestType: 'Answer', responseType: 'Received', comment: '' },
          Other: { requestType: 'Answer', responseType: 'Answer', comment: '' },
        },
      },
    },
  },
  { keepCase: true },
)['Answers'] as Readonly<Record<'Receive' | 'Other', MethodDefinition<object, Said>>>;

/** The messages of a ReceiveMessage. @throws Error at a refusal */
export function receivedOf(answer: Buffer): Handle[] {
  const said = framesOf(answer).map((frame) => definition.Receive.responseDeserialize(frame));
  const refusal = said.find(({ status }) => status && status.code !== OK)?.status;
  if (refusal) throw new Error(`nothing is received: ${refusal.code} ${refusal.message}`);
  return said.flatMap(({ message }) => message?.systemProperties ?? []);
}

/** @throws Error at a refusal */
export function mustBeTaken(answer: Buffer): void {
  for (const frame of framesOf(answer)) {
    const { status } = definition.Other.responseDeserialize(frame);
    if (status?.code !== OK) throw new Error(`it was refused: ${status?.code} ${status?.message}`);
  }
}

function framesOf(answer: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < answer.length;) {
    const end = at + HEAD_BYTES + answer.readUInt32BE(at + 1);
    frames.push(answer.subarray(at + HEAD_BYTES, end));
    at = end;
  }
  return frames;
}

/** The bytes of an answer, each message behind its flag and its length. @param request the same */
export function ask(
  session: ClientHttp2Session,
  method: string,
  request: Buffer,
  clientId = 'bench',
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ...HEADERS,
      'x-mq-client-id': clientId,
      ':path': `${SERVICE}/${method}`,
    });
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => resolve(Buffer.concat(chunks)));
    stream.on('error', reject);
    stream.end(request);
  });
}

/** Stays open; its client's requests go on the same connection. */
export function telemetry(session: ClientHttp2Session, clientId: string): ClientHttp2Stream {
  return session.request({ ...HEADERS, 'x-mq-client-id': clientId, ':path': `${SERVICE}/Telemetry` });
}
