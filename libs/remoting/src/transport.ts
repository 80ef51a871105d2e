import { applyDecorators, Catch, UseFilters, type ExceptionFilter } from '@nestjs/common';
import { MessagePattern, RpcException, Server, type CustomTransportStrategy } from '@nestjs/microservices';
import { PARAM_ARGS_METADATA } from '@nestjs/microservices/constants.js';
import { isObservable, lastValueFrom, type Observable } from 'rxjs';
import type { Outcome, RequestContext } from './connection.js';
import { HandlerTable } from './handlers.js';
import type { RequestSpec } from './request-spec.js';
import { RemotingServer, type RemotingServerOptions } from './server.js';
import { StatusError } from './status.js';

/*
 * '@halfmq/remoting/nest': controllers whose methods answer requests of the wire.
 *
 *   @Controller()
 *   class Routes {
 *     @Request(getRouteinfoByTopic)
 *     route(header: GetRouteinfoByTopicHeader, context: RequestContext): Outcome { ... }
 *   }
 *
 * Nest wraps each method once, when the application starts: guards, interceptors and filters apply. The wrapped
 * functions go into a dense table by request code, so that a message costs one look-up and one call, and not Nest's
 * own way of a pattern serialized, parsed and looked up for every message.
 */

const TRANSPORT = Symbol('RocketMQ remoting');

/**
 * Errors leave Nest as they were thrown: the connection answers a StatusError with its code and logs the rest. A
 * method's own `@UseFilters` goes above `@Request` and is asked first.
 */
@Catch()
class AsThrown implements ExceptionFilter {
  catch(error: unknown): never {
    if (!(error instanceof RpcException)) throw error;
    const cause = error.getError();
    if (cause instanceof Error) throw cause;
    // what Nest throws when a guard answers false
    throw new StatusError('NO_PERMISSION', error.message);
  }
}

const AS_THROWN = new AsThrown();

/**
 * The method answers the request: `(header, context) => Outcome | Promise<Outcome>`. The header was checked by the
 * request's own table of fields, so that pipes have nothing to do.
 */
export function Request<H>(
  spec: RequestSpec<H>,
): <M extends (header: H, context: RequestContext) => Outcome | Promise<Outcome>>(
  target: object,
  key: string,
  descriptor: TypedPropertyDescriptor<M>,
) => void {
  return (target, key, descriptor) => {
    // without parameters of its own a method would get the first argument alone, by way of pipes
    if (!Reflect.hasMetadata(PARAM_ARGS_METADATA, target.constructor, key)) {
      Reflect.defineMetadata(PARAM_ARGS_METADATA, {}, target.constructor, key);
    }
    applyDecorators(MessagePattern(spec.code, TRANSPORT, { spec }), UseFilters(AS_THROWN))(
      target,
      key,
      descriptor,
    );
  };
}

export interface RemotingTransportOptions extends Omit<RemotingServerOptions, 'handlers'> {
  readonly listen: readonly { readonly port: number; readonly host?: string | undefined }[];
  /** handlers that are no controllers' methods; the controllers' are added */
  readonly handlers?: HandlerTable | undefined;
}

type Wrapped = (header: unknown, context: RequestContext) => Promise<Outcome | Observable<Outcome>>;

/** The strategy of a Nest microservice: `createMicroservice(Module, { strategy: new RemotingTransport(options) })`. */
export class RemotingTransport extends Server implements CustomTransportStrategy {
  /** Filled when the application listens. */
  readonly table: HandlerTable;
  /** Of each entry of `listen`, in order; empty before. */
  readonly ports: number[] = [];
  readonly server: RemotingServer;

  constructor(private readonly settings: RemotingTransportOptions) {
    super();
    this.setTransportId(TRANSPORT);
    this.table = settings.handlers ?? new HandlerTable();
    this.server = new RemotingServer({ ...settings, handlers: this.table });
  }

  /** @param callback gets the error when a port cannot be opened */
  listen(callback: (error?: unknown) => void): void {
    void this.open().then((error) => setImmediate(callback, error));
  }

  /** Lets requests taken be answered, then closes every connection. */
  async close(): Promise<void> {
    await this.server.close();
  }

  on(event: string): never {
    throw new Error(`the remoting transport has no event ${event}`);
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the signature is Nest's
  override unwrap<T>(): T {
    return this.server as T;
  }

  /** @returns why not, if so */
  private async open(): Promise<unknown> {
    try {
      this.fill();
      for (const { port, host } of this.settings.listen)
        this.ports.push(await this.server.listen(port, host));
      return undefined;
    } catch (error) {
      return error;
    }
  }

  private fill(): void {
    for (const handler of this.messageHandlers.values()) {
      const { spec } = handler.extras as { spec: RequestSpec<unknown> };
      this.table.add(spec, plain(handler as unknown as Wrapped));
    }
  }
}

/** Interceptors and filters may answer with an Observable. */
function plain(wrapped: Wrapped): (header: unknown, context: RequestContext) => Promise<Outcome> {
  const first = (answer: Outcome | Observable<Outcome>): Outcome | Promise<Outcome> =>
    isObservable(answer) ? lastValueFrom(answer) : answer;
  return (header, context) => wrapped(header, context).then(first);
}
