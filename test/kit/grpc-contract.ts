import { fileURLToPath } from 'node:url';
import { loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const ROOT = import.meta.url.includes('/test/dist/') ? '../../../' : '../../';
const PROTO = fileURLToPath(new URL(`${ROOT}apps/broker/proto/`, import.meta.url));

const definition = loadSync('apache/rocketmq/v2/service.proto', {
  includeDirs: [PROTO],
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
});
const loaded = loadPackageDefinition(definition) as unknown as {
  apache: { rocketmq: { v2: { MessagingService: ServiceClientConstructor } } };
};

/** The contract as @grpc/grpc-js has it: documents in camel case, enums by name. */
export const { MessagingService } = loaded.apache.rocketmq.v2;
