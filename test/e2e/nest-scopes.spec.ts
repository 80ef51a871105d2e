import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { NestFactory, REQUEST } from '@nestjs/core';
import { EventPattern, Payload, type RequestContext } from '@nestjs/microservices';
import { silentLog } from '@halfmq/transaction';
import { HalfmqServer } from '@halfmq/transaction/microservice';
import { HalfmqModule, MessageContext, MessageHandler, TransactionListener } from '@halfmq/transaction/nest';
import { createTestBroker, type TestBroker } from '@halfmq/testing';
import { Observable } from 'rxjs';

const TOPIC = 'scoped';
type Request = RequestContext<{ id: number }, MessageContext>;

const seen: string[] = [];
const storage = new AsyncLocalStorage<string>();
let made = 0;

/** What is made anew for each message, however deep it lies. */
@Injectable({ scope: Scope.REQUEST })
class OfMessage {
  readonly number = ++made;
  constructor(@Inject(REQUEST) readonly request: Request) {}
}

@Injectable({ scope: Scope.TRANSIENT })
class Own {
  readonly name = 'own';
}

@Injectable()
class Within implements NestInterceptor {
  constructor(private readonly ofMessage: OfMessage) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { id } = context.switchToRpc().getData<{ id: number }>();
    seen.push(`around ${this.ofMessage.request.data.id}`);
    return new Observable((subscriber) =>
      storage.run(`stored ${id}`, () => next.handle().subscribe(subscriber)),
    );
  }
}

class Never9 implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToRpc().getData<{ id: number }>().id !== 9;
  }
}

class Doubled implements PipeTransform {
  transform({ id }: { id: number }): { id: number; twice: number } {
    return { id, twice: 2 * id };
  }
}

@Catch()
class Told implements ExceptionFilter {
  catch(error: Error): void {
    seen.push(error.message);
  }
}

@Injectable()
class Handling {
  constructor(
    private readonly ofMessage: OfMessage,
    private readonly own: Own,
  ) {}

  async handle({ twice }: { twice: number }): Promise<void> {
    await Promise.resolve();
    const { data, context } = this.ofMessage.request;
    seen.push(`${data.id} ${twice} ${context?.message.topic} ${this.own.name} ${storage.getStore()}`);
  }
}

@Controller()
class ByPattern extends Handling {
  @UseGuards(Never9)
  @UseInterceptors(Within)
  @UseFilters(Told)
  @EventPattern<unknown>(TOPIC)
  override handle(@Payload(Doubled) body: { twice: number }): Promise<void> {
    return super.handle(body);
  }
}

@Injectable()
class ByTopic extends Handling {
  @UseGuards(Never9)
  @UseInterceptors(Within)
  @UseFilters(Told)
  @MessageHandler(TOPIC, { group: 'scoped' })
  override handle(@Payload(Doubled) body: { twice: number }): Promise<void> {
    return super.handle(body);
  }
}

describe('a handler whose parts are made for each message', () => {
  let broker: TestBroker;
  beforeEach(async () => {
    broker = await createTestBroker({ hostile: false });
    made = 0;
    seen.length = 0;
  });
  afterEach(() => broker?.close());

  const quiet = { logger: false, abortOnError: false } as const;

  async function sendAndLook(): Promise<void> {
    const producer = (await broker.connect()).producer();
    for (const id of [1, 2, 9]) await producer.send({ topic: TOPIC, body: JSON.stringify({ id }) });
    await broker.settle();
    expect([...seen].sort()).toEqual([
      `1 2 ${TOPIC} own stored 1`,
      `2 4 ${TOPIC} own stored 2`,
      'Forbidden resource',
      'around 1',
      'around 2',
    ]);
    expect(made).toBe(3);
  }

  it('@EventPattern: guards, interceptors, pipes, filters, scopes and AsyncLocalStorage', async () => {
    const strategy = new HalfmqServer({ ...broker.clientOptions, group: 'scoped', log: silentLog });
    const root = { module: class Root {}, controllers: [ByPattern], providers: [OfMessage, Own] };
    const app = await NestFactory.createMicroservice(root, { ...quiet, strategy });
    broker.use(app);
    await app.listen();
    await sendAndLook();
  });

  const halfmq = () => HalfmqModule.forRoot({ ...broker.clientOptions, group: 'app', log: silentLog });

  it('@MessageHandler: the same', async () => {
    const root = { module: class Root {}, imports: [halfmq()], providers: [ByTopic, OfMessage, Own] };
    broker.use(await NestFactory.createApplicationContext(root, quiet));
    await sendAndLook();
  });

  it('@MessageHandler of a transient provider, and of a request-scoped controller', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient {
      readonly number = ++made;
      @MessageHandler('first', { group: 'first' })
      handle(): void {
        seen.push(`transient ${this.number > 0}`);
      }
    }
    @Controller({ scope: Scope.REQUEST })
    class Scoped {
      constructor(@Inject(REQUEST) private readonly request: Request) {}
      @MessageHandler('second', { group: 'second' })
      handle(): void {
        seen.push(`scoped ${JSON.stringify(this.request.pattern)}`);
      }
    }
    const root = {
      module: class Root {},
      imports: [halfmq()],
      providers: [Transient],
      controllers: [Scoped],
    };
    broker.use(await NestFactory.createApplicationContext(root, quiet));
    const producer = (await broker.connect()).producer();
    await producer.send({ topic: 'first', body: '1' });
    await producer.send({ topic: 'second', body: '1' });
    await broker.advance('30s');
    expect(seen.sort()).toEqual(['scoped "second"', 'transient true']);
  });

  it('what cannot be made is a failed message, which comes again', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Fragile {
      constructor() {
        if (++made === 1) throw new Error('cannot be made');
      }
      @MessageHandler(TOPIC, { group: 'fragile' })
      handle(): void {
        seen.push('handled');
      }
    }
    const root = { module: class Root {}, imports: [halfmq()], providers: [Fragile] };
    broker.use(await NestFactory.createApplicationContext(root, quiet));
    await (await broker.connect()).producer().send({ topic: TOPIC, body: '1' });
    await broker.advance('1m');
    expect(seen).toEqual(['handled']);
    expect(made).toBe(2);
  });

  it('@TransactionListener cannot be: it is asked about transactions of any time', async () => {
    @Injectable({ scope: Scope.REQUEST })
    @TransactionListener({ group: 'asked', topic: TOPIC })
    class Listener {
      execute = () => 'commit' as const;
      check = () => 'commit' as const;
    }
    const root = { module: class Root {}, imports: [halfmq()], providers: [Listener] };
    await expect(NestFactory.createApplicationContext(root, quiet)).rejects.toThrow(
      'must not be request-scoped',
    );
  });
});
