import { AsyncLocalStorage } from 'node:async_hooks';
import type { ContextId, ExternalContextCreator } from '@nestjs/core';
import { PARAM_ARGS_METADATA } from '@nestjs/microservices/constants.js';
import { RpcParamtype } from '@nestjs/microservices/enums/rpc-paramtype.enum.js';
import type { BatchContext, HandlingContext } from '../consumer/handling.js';
import { DeadLetter, InvalidOption, MessageInvalid } from '../errors.js';
import type { ReceivedMessage } from '../message.js';
import { isGroup } from '../names.js';
import type { TransactionCallback } from '../transaction/callback.js';
import type { BodyChecks } from './body-checks.js';
import { managerOfContext, type StepDefinition, stepOf } from './decorators.js';
import type { FoundHandler } from './explorer.js';
import { BatchMessageContext } from './batch-context.js';
import { MessageContext } from './message-context.js';
import { type HandlerContext, makeForMessage } from './request-scope.js';
import type { TransactionsOn } from './transactions.js';

/** Ends a transaction whose handler failed although its error was caught outside (by a filter, say). */
class CaughtOutside extends Error {}

type Wrapped = (body: unknown, context: HandlerContext) => Promise<unknown>;

type Work = TransactionCallback<unknown, void>;

/** Remembers, for one message, whether the method itself failed. */
interface Outcome {
  failed: boolean;
}

/** `@Payload()` and `@Ctx()` as in any Nest microservice: a handler is called with (body, context). */
const paramsFactory = {
  exchangeKeyForValue(type: number, name: unknown, [body, context]: unknown[]): unknown {
    if (type === (RpcParamtype.CONTEXT as number)) return context;
    if (type !== (RpcParamtype.PAYLOAD as number)) return undefined;
    return typeof name === 'string' ? (body as Record<string, unknown> | null)?.[name] : body;
  },
};

/** One decorated method, wrapped by Nest with its guards, pipes, interceptors and filters: once, or with each message. */
export class HandlerCall {
  private readonly wrapped: Wrapped;
  private readonly outcome = new AsyncLocalStorage<Outcome>();
  private readonly step: StepDefinition | undefined;

  /** @throws InvalidOption for no group, @Tx() or @Compensable without dedupe, or dedupe in a broadcasting group */
  constructor(
    readonly handler: FoundHandler,
    private readonly creator: ExternalContextCreator,
    private readonly checks: BodyChecks,
    private readonly transactions: TransactionsOn<unknown>,
    /** hears of what the method has returned */
    private readonly reply: (to: ReceivedMessage, result: unknown) => Promise<void>,
  ) {
    this.step = stepOf(handler.method);
    this.refuseNonsense();
    const { instance, perMessage, definition } = handler;
    this.wrapped = perMessage
      ? async (body, context) => {
          const made = await makeForMessage(perMessage, definition.topic.name, body, context);
          return this.wrap(made.instance, made.contextId, perMessage.id)(body, context);
        }
      : this.wrap(instance);
  }

  /** @throws DeadLetter for a body that is none; what the method, a guard or a pipe threw */
  async handle(message: ReceivedMessage, handling: HandlingContext): Promise<void> {
    const { group, dedupe } = this.handler.definition;
    const body = await this.body(message);
    const result =
      dedupe === 'transaction'
        ? await this.once(message, body, handling)
        : await this.wrapped(body, new MessageContext(group, message, handling));
    await this.reply(message, result);
  }

  /**
   * As `handle`, for several: what is no body is a dead letter by itself, and the method gets the rest. Nobody is answered.
   * @throws what the method, a guard or a pipe threw
   */
  async handleBatch(messages: readonly ReceivedMessage[], handling: BatchContext): Promise<void> {
    const good: ReceivedMessage[] = [];
    const bodies: unknown[] = [];
    for (const message of messages) {
      try {
        bodies.push(await this.body(message));
        good.push(message);
      } catch (error) {
        handling.fail(message, error);
      }
    }
    if (good.length === 0) return;
    await this.wrapped(bodies, new BatchMessageContext(this.handler.definition.group, good, handling));
  }

  /** @returns what the method has returned, when that is committed; undefined when the message was handled before */
  private async once(message: ReceivedMessage, body: unknown, handling: HandlingContext): Promise<unknown> {
    const { topic, group } = this.handler.definition;
    let result: unknown;
    try {
      await this.transactions.once({ group, message }, async (manager, send, transaction) => {
        const call: Work = async (_manager, sendInside, { id }) => {
          const context = new MessageContext(group, message, handling, { manager, send: sendInside, id });
          const outcome = { failed: false };
          result = await this.outcome.run(outcome, () => this.wrapped(body, context));
          if (outcome.failed) throw new CaughtOutside(`${this.handler.where} failed for ${topic.name}`);
        };
        if (this.step)
          await this.transactions.compensable(this.step.name)[this.step.step](this.step.id(body), call);
        else await call(manager, send, transaction);
      });
    } catch (error) {
      if (!(error instanceof CaughtOutside)) throw error;
    }
    return result;
  }

  private wrap(instance: object, contextId?: ContextId, inquirerId?: string): Wrapped {
    const { method, methodName } = this.handler;
    return this.creator.create(
      instance,
      this.watched(method),
      methodName,
      PARAM_ARGS_METADATA,
      paramsFactory,
      contextId,
      inquirerId,
      undefined,
      'rpc',
    ) as Wrapped;
  }

  private async body(message: ReceivedMessage): Promise<unknown> {
    try {
      return await this.checks.incoming(this.handler.definition.topic, message);
    } catch (error) {
      // It will not get better by coming again.
      if (error instanceof MessageInvalid) throw new DeadLetter(error.message, { cause: error });
      throw error;
    }
  }

  /**
   * A filter may turn a handler's error into a result: the message is then done with, but what the handler had written
   * must not be committed. Nest and users find their metadata on the original method, the prototype of this one.
   */
  private watched(method: FoundHandler['method']): FoundHandler['method'] {
    const { outcome } = this;
    const watched = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
      const store = outcome.getStore();
      try {
        const result = await method.apply(this, args);
        if (store) store.failed = false;
        return result;
      } catch (error) {
        if (store) store.failed = true;
        throw error;
      }
    };
    Object.setPrototypeOf(watched, method);
    Object.defineProperty(watched, 'name', { value: method.name });
    return watched;
  }

  private refuseNonsense(): void {
    const { definition, instance, methodName, where } = this.handler;
    if (!isGroup(definition.group)) {
      throw new InvalidOption(
        `${where}: group: 1 to 120 characters of A-Z a-z 0-9 _ - % | expected, got ${JSON.stringify(definition.group)}`,
      );
    }
    const args = Object.values(
      (Reflect.getMetadata(PARAM_ARGS_METADATA, instance.constructor, methodName) as object | undefined) ??
        {},
    ) as { factory?: unknown }[];
    const wantsManager = args.some((argument) => argument.factory === managerOfContext);
    if (wantsManager && definition.dedupe !== 'transaction') {
      throw new InvalidOption(`${where} has @Tx() and needs dedupe: 'transaction' for it`);
    }
    if (this.step && definition.dedupe !== 'transaction') {
      throw new InvalidOption(`${where} has @Compensable and needs dedupe: 'transaction' for it`);
    }
    if (definition.dedupe !== undefined && definition.batch !== undefined) {
      throw new InvalidOption(
        `${where}: dedupe is a transaction for each message; with batch, use Transactions.once for each of them`,
      );
    }
    if (definition.dedupe !== undefined && definition.model === 'broadcasting') {
      throw new InvalidOption(
        `${where}: dedupe is for a group that shares its messages; model 'broadcasting' gives each to every process`,
      );
    }
  }
}
