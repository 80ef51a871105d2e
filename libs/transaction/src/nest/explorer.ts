import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { InvalidOption } from '../errors.js';
import type { HandlerDefinition, ListenerDefinition, LocalTransaction } from './decorators.js';
import { handlersOf, listenersOf, stepOf } from './decorators.js';
import type { Wrapper } from './request-scope.js';

/** A decorated method of a provider or controller. */
export interface FoundHandler {
  readonly definition: HandlerDefinition;
  readonly instance: object;
  readonly method: (...args: unknown[]) => unknown;
  readonly methodName: string;
  /** Class.method, for messages to people */
  readonly where: string;
  /** set where the object is made anew for each message; `instance` has its methods and nothing else then */
  readonly perMessage?: Wrapper | undefined;
}

export interface FoundListener {
  readonly definition: ListenerDefinition;
  readonly listener: LocalTransaction<unknown>;
  readonly where: string;
}

interface Found {
  readonly instance: object;
  readonly perMessage: Wrapper | undefined;
}

/** Finds what the decorators have marked, in this application's container alone. */
@Injectable()
export class Explorer {
  private readonly scanner = new MetadataScanner();

  constructor(private readonly discovery: DiscoveryService) {}

  /** @throws InvalidOption for two handlers of one group and topic, and for two equal steps of a pair */
  handlers(): FoundHandler[] {
    const found = this.found().flatMap((one) => this.handlersIn(one));
    refuseDuplicates(found, '@MessageHandler');
    refuseEqualSteps(found);
    return found;
  }

  /** @throws InvalidOption for two listeners of one group and topic */
  listeners(): FoundListener[] {
    const found = this.found().flatMap(({ instance, perMessage }) => {
      const type = classOf(instance);
      const listener = instance as LocalTransaction<unknown>;
      if (!type) return [];
      if (perMessage && listenersOf(type).length > 0) {
        throw new InvalidOption(
          `${type.name} is asked about transactions of any time and must not be request-scoped or transient`,
        );
      }
      return listenersOf(type).map((definition) => ({ definition, listener, where: type.name }));
    });
    refuseDuplicates(found, '@TransactionListener');
    return found;
  }

  /** @throws InvalidOption when the module is there twice: each would run all handlers */
  refuseASecond(runtime: new (...args: never[]) => object): void {
    if (this.discovery.getProviders().filter(({ metatype }) => metatype === runtime).length < 2) return;
    throw new InvalidOption(
      'HalfmqModule is imported twice in one application: call forRoot once, in the root module. It is global',
    );
  }

  private found(): Found[] {
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    const found = new Map<object, Found>();
    for (const wrapper of wrappers) {
      const instance: unknown = wrapper.instance;
      // useExisting gives a second wrapper for the same object
      if (typeof instance !== 'object' || instance === null || found.has(instance)) continue;
      const isForAll = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
      found.set(instance, { instance, perMessage: isForAll ? undefined : wrapper });
    }
    return [...found.values()];
  }

  private handlersIn({ instance, perMessage }: Found): FoundHandler[] {
    const prototype = Object.getPrototypeOf(instance) as Record<string, unknown> | null;
    if (!prototype) return [];
    return this.scanner.getAllMethodNames(prototype).flatMap((methodName) => {
      const method = prototype[methodName];
      if (typeof method !== 'function') return [];
      const where = `${instance.constructor.name}.${methodName}`;
      const callable = method as FoundHandler['method'];
      const definitions = handlersOf(method);
      if (stepOf(method) && definitions.length === 0) {
        throw new InvalidOption(`${where} has @Compensable and needs a @MessageHandler that calls it`);
      }
      return definitions.map((definition) => ({
        definition,
        instance,
        method: callable,
        methodName,
        where,
        perMessage,
      }));
    });
  }
}

/** undefined for what has none: a module's namespace or a record without prototype can be provided as a value. */
function classOf(instance: object): (new () => object) | undefined {
  const prototype = Object.getPrototypeOf(instance) as { constructor?: unknown } | null;
  const type = prototype?.constructor;
  return typeof type === 'function' ? (type as new () => object) : undefined;
}

interface Named {
  readonly definition: { readonly group: string; readonly topic: { readonly name: string } };
  readonly where: string;
}

function refuseDuplicates(found: readonly Named[], decorator: string): void {
  const places = new Map<string, string>();
  for (const { definition, where } of found) {
    const key = JSON.stringify([definition.group, definition.topic.name]);
    const other = places.get(key);
    if (other !== undefined) {
      throw new InvalidOption(
        `two ${decorator} of group ${definition.group} for topic ${definition.topic.name}: ${other} and ${where}. ` +
          'Each message goes to one handler of a group: give one of them a group of its own, or join them',
      );
    }
    places.set(key, where);
  }
}

/** One method for several topics is one step. */
function refuseEqualSteps(found: readonly FoundHandler[]): void {
  const places = new Map<string, FoundHandler>();
  for (const handler of found) {
    const step = stepOf(handler.method);
    if (!step) continue;
    const key = `${step.step} of ${JSON.stringify(step.name)}`;
    const other = places.get(key);
    if (other && other.method !== handler.method) {
      throw new InvalidOption(
        `two @Compensable are the ${key}: ${other.where} and ${handler.where}. Of one id only one would run: give ` +
          'each pair a name of its own',
      );
    }
    places.set(key, handler);
  }
}
