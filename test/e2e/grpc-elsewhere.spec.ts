import { describe, jest } from '@jest/globals';
import { elsewhereScenarios } from '../kit/grpc-elsewhere.js';
import { freePort } from '../kit/ports.js';

jest.setTimeout(60_000);

describe("a broker's gRPC door, for what is at other brokers", () => {
  elsewhereScenarios(async (cluster) => {
    const here = await cluster.startBroker('here', { grpcServerPort: String(await freePort()) });
    return { port: here.grpcPort, close: () => here.close() };
  });
});
