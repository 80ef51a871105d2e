import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { ExternalContextCreator, ModuleRef } from '@nestjs/core';
import type { Clock, Log } from '@halfmq/remoting';
import { HalfmqClient } from '../client.js';
import type { AnyConsumerOptions } from '../consumer/consumer-options.js';
import type { PushConsumer } from '../consumer/push-consumer.js';
import type { SqlTransactions } from '../database/sql-transactions.js';
import { InvalidOption } from '../errors.js';
import type { Examined } from '../health.js';
import { topicOf } from '../topic.js';
import type { HalfMessages } from '../transaction/half-messages.js';
import { EVERY_TOPIC, type TransactionProducer } from '../transaction/transaction-producer.js';
import { BodyChecks } from './body-checks.js';
import { ClientConnection } from './connection.js';
import { consumerGroups } from './consumer-groups.js';
import { findDatabase } from './database.js';
import { Explorer, type FoundHandler } from './explorer.js';
import { HandlerCall } from './handler-call.js';
import { ListenerBinding } from './listener-binding.js';
import { Messages } from './messages.js';
import { type HalfmqModuleOptions, MODULE_OPTIONS } from './options.js';
import { TransactionsOn } from './transactions.js';

export const CLOCK = Symbol('Clock');
export const LOG = Symbol('Log');

/**
 * The life of the module, along Nest's own:
 *
 *   onModuleInit            finds and wraps handlers and listeners (a mistake stops the start before anything runs),
 *                           makes the tables, binds `Transactions` to the database
 *   onApplicationBootstrap  connects, or goes on trying; then consumers start
 *   onModuleDestroy         consumers drain: running handlers end, offsets are committed; transactions under way end.
 *                           The database is still open
 *   onApplicationShutdown   the client closes, after the HTTP server: a last request may still send
 */
@Injectable()
export class HalfmqRuntime
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown
{
  private groups: AnyConsumerOptions[] = [];
  private consumers: PushConsumer[] = [];
  private database: SqlTransactions<unknown> | undefined;

  constructor(
    @Inject(MODULE_OPTIONS) private readonly options: HalfmqModuleOptions,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
    private readonly client: HalfmqClient,
    private readonly connection: ClientConnection,
    private readonly explorer: Explorer,
    private readonly creator: ExternalContextCreator,
    private readonly moduleRef: ModuleRef,
    private readonly checks: BodyChecks,
    private readonly transactions: TransactionsOn<unknown>,
    private readonly messages: Messages,
  ) {}

  async onModuleInit(): Promise<void> {
    this.explorer.refuseASecond(HalfmqRuntime);
    const handlers = this.explorer.handlers();
    const calls = handlers.map(
      (handler) =>
        new HandlerCall(handler, this.creator, this.checks, this.transactions, (to, result) =>
          this.messages.reply(to, result),
        ),
    );
    this.groups = consumerGroups(calls, this.options.concurrency);
    const listeners = this.explorer.listeners();
    const missing = await this.bindDatabase();
    refuseDedupeWithout(missing, handlers);
    const binding = new ListenerBinding(this.client, this.checks, (halves) => this.whenConnected(halves));
    this.messages.bind(binding.bind(listeners, { runs: this.database, missing }));
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.connection.open(() => this.consume());
  }

  /** Handlers' consumers, whatever they do, and what the application has begun itself with the client. */
  get examined(): Omit<Examined, 'now'> {
    const own = this.consumers.map(({ status }) => status);
    const groups = new Set(own.map(({ group }) => group));
    const others = this.client.consuming.filter(({ group }) => !groups.has(group));
    return { connected: this.connection.isConnected, consumers: [...own, ...others] };
  }

  async onModuleDestroy(): Promise<void> {
    this.connection.stopTrying();
    await Promise.all([...this.consumers.map((consumer) => consumer.close()), this.database?.close()]);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.client.close();
  }

  /** Again, when one of the groups could not begin: the others' consumers are there. */
  private async consume(): Promise<void> {
    const there = this.consumers.filter(({ isClosed }) => !isClosed);
    const known = new Set(there.map(({ status }) => status.group));
    const begun = this.groups
      .filter(({ group }) => !known.has(group))
      .map((group) => this.client.consumer(group));
    this.consumers = [...there, ...begun];
    await Promise.all(begun.map((consumer) => consumer.start()));
  }

  /** @returns why there is no database, or undefined */
  private async bindDatabase(): Promise<string | undefined> {
    const { options, clock, log } = this;
    const found = await findDatabase(options, this.moduleRef);
    if ('missing' in found) {
      this.transactions.bind(found.missing);
      return found.missing;
    }
    const producer = this.client.transactionProducer({
      group: found.group,
      topics: [EVERY_TOPIC],
      check: (message) => database.check(message),
      preview: (message) => database.preview(message),
    });
    const database: SqlTransactions<unknown> = found.make({
      halves: this.whenConnected(producer),
      clock,
      log,
      createTables: options.createTables,
      keepBarrier: options.keepBarrier,
      keepInbox: options.keepInbox,
      whenUnreachable: options.whenUnreachable,
      checkBody: (topic, body) => this.checks.outgoing(topicOf(topic), body),
    });
    await database.start();
    this.database = database;
    this.transactions.bind(database);
    return undefined;
  }

  /** Before a name server has answered, the error to the sender is the one that says so. */
  private whenConnected(halves: TransactionProducer): HalfMessages {
    return {
      prepare: async (message) => {
        this.connection.mustBeConnected();
        return halves.prepare(message);
      },
      end: (half, verdict) => halves.end(half, verdict),
      keyed: {
        keyFor: (message) => halves.keyed.keyFor(message),
        send: async (message, uniqueKey) => {
          this.connection.mustBeConnected();
          return halves.keyed.send(message, uniqueKey);
        },
      },
    };
  }
}

function refuseDedupeWithout(missing: string | undefined, handlers: readonly FoundHandler[]): void {
  const needs = handlers.find((handler) => handler.definition.dedupe === 'transaction');
  if (missing !== undefined && needs) {
    throw new InvalidOption(`${needs.where} has dedupe: 'transaction', but ${missing}`);
  }
}
