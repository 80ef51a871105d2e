import type { ValidationError } from 'class-validator';
import { InvalidOption, MessageInvalid } from '../errors.js';
import type { ReceivedMessage } from '../message.js';
import type { Topic } from '../topic.js';

/** Classes without any decorator are taken as they are. */
const OPTIONS = { forbidUnknownValues: false } as const;

/** What is used of class-validator and class-transformer, which need not be installed. */
interface Libraries {
  readonly validator: typeof import('class-validator');
  readonly transformer: typeof import('class-transformer');
}

/** Bodies of topics that name a class are made instances of it and checked, on the way out and on the way in. */
export class BodyChecks {
  private constructor(private readonly libraries: Libraries | undefined) {}

  static async load(): Promise<BodyChecks> {
    try {
      const [validator, transformer] = await Promise.all([
        import('class-validator'),
        import('class-transformer'),
      ]);
      return new BodyChecks({ validator, transformer });
    } catch {
      return new BodyChecks(undefined);
    }
  }

  /** @throws MessageInvalid saying what is wrong with the body */
  outgoing<T>(topic: Topic<T>, body: T): void {
    if (!topic.schema) return;
    const { validator } = this.needed(topic);
    report(topic, validator.validateSync(this.instance(topic, body), OPTIONS));
  }

  /** @throws MessageInvalid when the bytes are no body of the topic, or one its class does not accept */
  async incoming<T>(topic: Topic<T>, message: Pick<ReceivedMessage, 'body' | 'properties'>): Promise<T> {
    const body = topic.decode(message.body, message.properties);
    if (!topic.schema) return body;
    const { validator } = this.needed(topic);
    const instance = this.instance(topic, body);
    report(topic, await validator.validate(instance, OPTIONS));
    return instance as T;
  }

  private instance<T>(topic: Topic<T>, body: T): object {
    const { schema } = topic;
    if (typeof body !== 'object' || body === null || Array.isArray(body) || !schema) {
      throw new MessageInvalid(
        `a body of ${topic.name} must be an object (${schema?.name}); got ${typeof body}`,
      );
    }
    if (body instanceof schema) return body;
    return this.needed(topic).transformer.plainToInstance(schema as new () => object, body);
  }

  private needed(topic: Topic<unknown>): Libraries {
    if (this.libraries) return this.libraries;
    throw new InvalidOption(
      `topic ${topic.name} names the class ${topic.schema?.name}: install class-validator and class-transformer to check it`,
    );
  }
}

function report(topic: Topic<unknown>, errors: readonly ValidationError[]): void {
  if (errors.length === 0) return;
  throw new MessageInvalid(
    `a body of ${topic.name} is not valid: ${errors.flatMap((e) => lines(e)).join('; ')}`,
  );
}

function lines(error: ValidationError, path = ''): string[] {
  const at = path + error.property;
  const own = Object.values(error.constraints ?? {}).map((text) => (path ? `${path}${text}` : text));
  return [...own, ...(error.children ?? []).flatMap((child) => lines(child, `${at}.`))];
}
