import { fileURLToPath } from 'node:url';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';
import type { AckAnswer, SendAnswer } from './contract.js';
import { frameOf } from './message-frames.js';
import {
  readAckMessageRequest,
  readSendMessageRequest,
  writeAckMessageResponse,
  writeReceiveMessageResponse,
  writeSendMessageResponse,
} from './wire/calls.js';

const PROTO = fileURLToPath(new URL('../../proto/', import.meta.url));
const SERVICE = 'apache.rocketmq.v2.MessagingService';

/** One method of the contract, and how its messages are read and written. */
export interface ServiceMethod {
  readonly name: string;
  readonly kind: 'unary' | 'serverStream' | 'duplex';
  /** @throws Error when the bytes are no such message */
  decode(bytes: Buffer): object;
  /** A frame, see message-frames.ts. */
  encode(answer: object): Buffer;
}

/** Of these there are many, or they are large. */
const BY_HAND: Readonly<Record<string, Partial<ServiceMethod>>> = {
  SendMessage: {
    decode: readSendMessageRequest,
    encode: (answer) => writeSendMessageResponse(answer as SendAnswer),
  },
  ReceiveMessage: { encode: (answer) => writeReceiveMessageResponse(answer) },
  AckMessage: {
    decode: readAckMessageRequest,
    encode: (answer) => writeAckMessageResponse(answer as AckAnswer),
  },
};

/** MessagingService of the contract's `.proto` files: methods by their path. */
export function loadService(): ReadonlyMap<string, ServiceMethod> {
  const definition = loadSync('apache/rocketmq/v2/service.proto', {
    includeDirs: [PROTO],
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const service = definition[SERVICE];
  if (!service || 'format' in service) throw new Error(`${PROTO} has no ${SERVICE}`);
  return new Map(Object.entries(service).map(([name, method]) => [method.path, methodOf(name, method)]));
}

function methodOf(name: string, method: MethodDefinition<object, object>): ServiceMethod {
  return {
    name,
    kind: method.requestStream ? 'duplex' : method.responseStream ? 'serverStream' : 'unary',
    decode: (bytes) => method.requestDeserialize(bytes),
    encode: (answer) => frameOf(method.responseSerialize(answer)),
    ...BY_HAND[name],
  };
}
