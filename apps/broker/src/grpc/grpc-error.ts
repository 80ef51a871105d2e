/** gRPC's own codes, for what has no place in an answer: the call as such went wrong. */
export const GrpcStatus = {
  OK: 0,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
} as const;
export type GrpcStatusName = keyof typeof GrpcStatus;

export class GrpcError extends Error {
  override readonly name = 'GrpcError';

  constructor(
    readonly status: GrpcStatusName,
    detail: string,
  ) {
    super(detail);
  }
}
