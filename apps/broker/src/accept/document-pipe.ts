import { ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import { StatusError } from '@halfmq/remoting';

/** The one member that may be null: a message whose document is null. */
const BODY = 'body';

/**
 * Documents and queries as their classes describe them; what is unknown is refused. A member that is null counts as one
 * that is not there: many languages write what they have no value for so.
 */
export class DocumentPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      transform: true,
      validateCustomDecorators: true,
      exceptionFactory: (errors: ValidationError[]) => new StatusError('INVALID_PARAMETER', sentence(errors)),
    });
  }

  override transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const isText = metadata.type === 'param' || metadata.type === 'query';
    return super.transform(isText ? value : withoutNulls(value), metadata);
  }
}

/** Of the document, and of those it lists. */
function withoutNulls(document: unknown): unknown {
  if (!isDocument(document)) return document;
  const members = Object.entries(document).filter(([name, value]) => value !== null || name === BODY);
  return Object.fromEntries(
    members.map(([name, value]) => [
      name,
      Array.isArray(value) && name !== BODY ? value.map((item) => withoutNulls(item)) : value,
    ]),
  );
}

function isDocument(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}

/** Every field that is wrong, those of nested documents with their place: `messages.0: topic should not be empty`. */
function sentence(errors: readonly ValidationError[]): string {
  return errors.flatMap((error) => wrongFields(error, '')).join('; ');
}

function wrongFields(
  { property, constraints = {}, children = [] }: ValidationError,
  place: string,
): string[] {
  const own = Object.values(constraints).map((constraint) =>
    place === '' ? constraint : `${place}: ${constraint}`,
  );
  const within = place === '' ? property : `${place}.${property}`;
  return [...own, ...children.flatMap((child) => wrongFields(child, within))];
}
