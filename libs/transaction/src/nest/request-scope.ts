import type { Type } from '@nestjs/common';
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
 * Makes a handler anew for a message where it, or what it needs, is request-scoped: `@Inject(REQUEST)` is Nest's
 * RequestContext then, with topic, body and MessageContext as pattern, data and context (bodies and BatchMessageContext with `batch`).
 * @throws whatever the constructors throw
 */
export async function makeForMessage(
  wrapper: Wrapper,
  topic: string,
  body: unknown,
  context: HandlerContext,
): Promise<MadeForMessage> {
  // that of its own module: another one may have a handler of the same name
  const moduleRef = wrapper.host?.providers.get(ModuleRef)?.instance as ModuleRef | undefined;
  if (!moduleRef) throw new TypeError(`${wrapper.name} belongs to no module`);
  const request = RequestContextHost.create(topic, body, context);
  const contextId = ContextIdFactory.getByRequest(request);
  const { payload } = contextId as { payload?: unknown };
  // as Nest's own listeners do: durable providers see what their strategy gives, the others the request
  const seen = wrapper.isDependencyTreeDurable() ? payload : Object.assign(request, payload);
  moduleRef.registerRequestByContextId(seen, contextId);
  const instance = await moduleRef.resolve<object>(wrapper.token as Type, contextId, { strict: true });
  return { instance, contextId };
}
