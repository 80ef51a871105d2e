import { Injectable, type Type } from '@nestjs/common';
import { type ContextId, ContextIdFactory, type DiscoveryService, ModuleRef } from '@nestjs/core';
import { RequestContextHost } from '@nestjs/microservices/context/request-context-host.js';
import type { BatchMessageContext } from './batch-context.js';
import type { MessageContext } from './message-context.js';

export type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

export type HandlerContext = MessageContext<unknown> | BatchMessageContext;

/** A handler's object for one message, and the key to whatever else was made for it. */
export interface MadeForMessage {
  readonly instance: object;
  readonly contextId: ContextId;
}

/**
 * Makes handlers anew for each message where they, or what they need, are request-scoped: `@Inject(REQUEST)` is Nest's
 * RequestContext then, with topic, body and MessageContext as pattern, data and context (bodies and BatchMessageContext with `batch`).
 */
@Injectable()
export class RequestScope {
  constructor(private readonly moduleRef: ModuleRef) {}

  /** @throws whatever the constructors throw */
  async make(
    wrapper: Wrapper,
    topic: string,
    body: unknown,
    context: HandlerContext,
  ): Promise<MadeForMessage> {
    const request = RequestContextHost.create(topic, body, context);
    const contextId = ContextIdFactory.getByRequest(request);
    const { payload } = contextId as { payload?: unknown };
    // as Nest's own listeners do: durable providers see what their strategy gives, the others the request
    const seen = wrapper.isDependencyTreeDurable() ? payload : Object.assign(request, payload);
    this.moduleRef.registerRequestByContextId(seen, contextId);
    // that of its own module: another one may have a handler of the same name
    const modules = wrapper.host?.providers.get(ModuleRef)?.instance as ModuleRef | undefined;
    if (!modules) throw new TypeError(`${wrapper.name} belongs to no module`);
    const instance = await modules.resolve<object>(wrapper.token as Type, contextId, { strict: true });
    return { instance, contextId };
  }
}
