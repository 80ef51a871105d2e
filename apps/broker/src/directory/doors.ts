/** Where else this broker can be reached, once it is known: what brokers and operators ask for by GET_BROKER_RUNTIME_INFO. */
export class Doors {
  /** HOST:PORT of the gRPC door; undefined: it is closed */
  grpc: string | undefined;
}
